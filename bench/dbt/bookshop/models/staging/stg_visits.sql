select visit_id, customer_id, page, at from {{ source('feed', 'visits') }}
