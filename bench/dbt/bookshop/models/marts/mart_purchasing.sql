{{ config(group='purchasing') }}
select supplier, titles from {{ ref('mart_suppliers') }} where titles > 0
