{{ config(alias='reviews', schema='opinions') }}
select * from {{ ref('stg_reviews') }} where stars between 1 and 5
