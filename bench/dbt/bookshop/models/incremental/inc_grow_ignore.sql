{{ config(unique_key='book_id', on_schema_change='ignore', incremental_strategy='merge') }}
select book_id, title{% if var('wide') %}, genre_code{% endif %} from {{ ref('stg_books') }}
