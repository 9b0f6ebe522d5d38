select g.genre, sum(l.amount) as amount
from {{ ref('fct_order_lines') }} as l
join {{ ref('dim_books') }} as b using (book_id)
left join {{ ref('base_genres') }} as g on g.genre_code = b.genre_code
group by g.genre
