select b.*, g.genre, s.stars, s.with_words
from {{ ref('stg_books') }} as b
left join {{ ref('base_genres') }} as g using (genre_code)
left join {{ ref('int_review_scores') }} as s using (book_id)
