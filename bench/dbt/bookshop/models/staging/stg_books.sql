select book_id, title, genre_code, {{ till.cents_to_money('price_cents') }} as price,
    {{ till.vat('price_cents / 100.0', rate=0.06) }} as vat, supplier_id, updated_at
from {{ source('feed', 'books') }}
