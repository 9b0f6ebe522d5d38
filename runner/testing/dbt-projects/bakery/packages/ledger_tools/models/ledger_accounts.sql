select account, title, {{ var('rounding') }} as digits
from {{ ref('accounts') }}
