select
    id as customer_id,
    first_name || ' ' || last_name as customer_name,
    {{ dbt.safe_cast('joined', api.Column.translate_type('date')) }} as joined_on
from {{ ref('raw_customers') }}
