{{ config(materialized='view', tags=['till']) }}
select {% call receipt_number('R') %}digits{% endcall %} as receipt from {{ ref('till_digits') }}
