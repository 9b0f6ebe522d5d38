select
    book_id,
    {{ dbt.concat(["title", "' / '", "genre_code"]) }} as joined,
    {{ dbt.length('title') }} as long,
    {{ dbt.split_part('title', "' '", 1) }} as first_word,
    {{ dbt.right('title', 3) }} as tail,
    {{ dbt.replace('title', "'e'", "'E'") }} as swapped,
    {{ dbt.position("'a'", 'title') }} as first_a,
    {{ dbt.hash('title') }} as hashed,
    {{ dbt.string_literal('it is ' ~ var('first_day')) }} as said,
    {{ dbt.escape_single_quotes("it's") | length }} as escaped,
    {{ dbt.safe_cast("genre_code", api.Column.translate_type('text')) }} as casted,
    {{ dbt.cast('price', dbt.type_string()) }} as price_text
from {{ ref('stg_books') }}
