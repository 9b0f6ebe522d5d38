select count(*) as titles from {{ ref('titles') }}
