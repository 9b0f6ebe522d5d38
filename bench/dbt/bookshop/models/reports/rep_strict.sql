{{ config(materialized='table') }}
select book_id, copies from {{ ref('int_book_sales') }}
