{{ config(materialized='materialized_view', indexes=[{'columns': ['book_id'], 'unique': true}], on_configuration_change='apply') }}
select book_id, title, copies from {{ ref('int_book_sales') }} where copies > 1
