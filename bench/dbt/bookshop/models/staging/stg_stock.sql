select book_id, branch, counted_on, copies from {{ source('feed', 'stock') }}
