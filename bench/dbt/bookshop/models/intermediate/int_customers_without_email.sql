{{ config(materialized='table') }}
select {{ star_except(ref('stg_customers'), except=['email', 'updated_at'], prefix='c.') }}
from {{ ref('stg_customers') }} as c
