select max(share) as share from {{ ref('rep_fragile') }}
