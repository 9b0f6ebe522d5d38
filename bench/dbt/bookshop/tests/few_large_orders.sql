{{ config(severity='error', error_if='>5', warn_if='>0', tags=['weekly'], store_failures=true, limit=3) }}
select order_id, total from {{ ref('int_orders_with_totals') }} where total > 20
