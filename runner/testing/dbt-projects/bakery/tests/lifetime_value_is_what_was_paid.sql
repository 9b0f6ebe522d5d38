select 1
from {{ ref('customers') }}
having sum(lifetime_value) <> (select sum(amount) from {{ ref('stg_payments') }})
