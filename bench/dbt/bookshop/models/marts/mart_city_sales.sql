{{ config(materialized='view', post_hook="comment on view {{ this }} is 'by hand'") }}
select city, sum(spent) as spent from {{ ref('dim_customers') }} group by city
