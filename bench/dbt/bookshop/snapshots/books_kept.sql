{% snapshot books_kept %}
{{ config(strategy='timestamp', unique_key='book_id', updated_at='updated_at', tags=['books']) }}
select book_id, title, price_cents, updated_at from {{ source('feed', 'books') }}
{% endsnapshot %}

{% snapshot suppliers_kept %}
{{ config(target_schema=target.schema ~ '_kept2', strategy='check', unique_key='supplier_id', check_cols=['supplier']) }}
select * from {{ source('second', 'suppliers') }}
{% endsnapshot %}
