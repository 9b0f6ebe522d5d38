{{ config(
    materialized='table',
    pre_hook="insert into {{ target.schema }}_audit.runs (what, many) values ('before sales', 0)",
    post_hook=[
        "insert into {{ target.schema }}_audit.runs (what, many) select 'after sales', sum(copies) from {{ this }}",
        {"sql": "analyze {{ this }}", "transaction": false}
    ]
) }}
select b.book_id, b.title, coalesce(sum(l.copies), 0) as copies, coalesce(sum(l.amount), 0) as amount
from {{ ref('stg_books') }} as b
left join {{ ref('base_lines_priced') }} as l on l.book_id = b.book_id
group by b.book_id, b.title
