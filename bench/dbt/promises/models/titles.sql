select title, length(title) as letters, price > {{ var('dear', 10) }} as is_dear, null::date as printed from {{ ref('prices') }}
