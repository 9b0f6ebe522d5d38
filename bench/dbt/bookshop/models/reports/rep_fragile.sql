{{ config(materialized='table') }}
select order_id, 100 / (select min(copies) from {{ ref('stg_order_lines') }}) as share from {{ ref('stg_orders') }}
