select supplier_id, supplier from {{ source('second', 'suppliers') }}
