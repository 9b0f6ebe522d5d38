{{ config(unique_key='book_id', on_schema_change='sync_all_columns', incremental_strategy='delete+insert') }}
select book_id, title{% if var('wide') %}, supplier_id{% endif %} from {{ ref('stg_books') }}
