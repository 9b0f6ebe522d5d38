{{ config(group='purchasing', access='private') }}
select s.supplier_id, s.supplier, count(b.book_id) as titles
from {{ ref('stg_suppliers') }} as s
left join {{ ref('stg_books') }} as b using (supplier_id)
group by 1, 2
