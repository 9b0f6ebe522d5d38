select book_id, round(avg(stars), 2) as stars, count(words) as with_words
from {{ ref('stg_reviews') }}
group by book_id
