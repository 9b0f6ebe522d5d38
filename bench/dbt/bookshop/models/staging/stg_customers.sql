select id as customer_id, trim(name) as customer_name, lower(email) as email, city, updated_at
from {{ source('feed', 'customers') }}
