select d.digits, r.receipt, a.open_days
from {{ ref('till', 'till_digits') }} as d
cross join {{ ref('till_receipts') }} as r
cross join (select count(*) as open_days from {{ ref('almanac', 'almanac_days') }} where is_open) as a
