select sum(copies) as copies from {{ ref('rep_strict') }}
