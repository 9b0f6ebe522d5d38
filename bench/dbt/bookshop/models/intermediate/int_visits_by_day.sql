{{ config(materialized='table', sql_header="set local enable_hashagg = off;") }}
select {{ dbt.date_trunc('day', 'at') }}::date as day, page, count(*) as visits
from {{ ref('stg_visits') }}
group by 1, 2
