{{ config(materialized='view') }}

-- The day that everything which depends on "today" is computed for. Never the clock.
select
    {% if var('as_of', none) is not none %}
    cast('{{ var('as_of') }}' as date)
    {% else %}
    (select {{ utc_date('max(event_time)') }} from {{ ref('stg_transactions') }})
    {% endif %} as as_of_date
