select code as genre_code, genre from {{ ref('genres') }}
