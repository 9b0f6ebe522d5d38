{{ config(incremental_strategy='merge', unique_key=['book_id', 'branch']) }}
select distinct on (book_id, branch) book_id, branch, counted_on, copies from {{ ref('stg_stock') }}
order by book_id, branch, counted_on desc
