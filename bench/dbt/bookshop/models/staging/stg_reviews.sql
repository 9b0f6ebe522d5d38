{{ config(tags=['reviews']) }}
select review_id, book_id, customer_id, stars, nullif(trim(words), '') as words from {{ source('feed', 'reviews') }}
