{{ config(unique_key='book_id', on_schema_change='append_new_columns') }}
select book_id, title{% if var('wide') %}, genre_code, price{% endif %} from {{ ref('stg_books') }}
