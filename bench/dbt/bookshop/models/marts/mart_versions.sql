select 'v1' as version, count(*) as n from {{ ref('fct_orders', v=1) }}
union all
select 'latest', count(*) from {{ ref('fct_orders') }}
union all
select 'v3', count(*) from {{ ref('bookshop', 'fct_orders', version=3) }}
