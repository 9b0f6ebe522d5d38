import type { MacroFile } from '../template/template.ts'

/** The package of gm's own macros; a project's macro of the same name comes first. */
export const BUILT_IN_PACKAGE = 'gm'

/**
 * The four generic tests that every dbt project expects, with dbt's meaning: each selects the rows (or values) that
 * fail, and null passes everywhere but in `not_null`. `history_is_sound` is gm's own: versions of a key that overlap, leave a
 * gap or do not have one that holds. `gm_identifier` and its like exist only for these.
 */
export const BUILT_IN_TESTS: readonly MacroFile[] = [
  builtIn(
    'not_null',
    `{% test not_null(model, column_name) %}
select *
from {{ model }}
where {{ gm_identifier(column_name) }} is null
{% endtest %}
`,
  ),
  builtIn(
    'unique',
    `{% test unique(model, column_name) %}
select {{ gm_identifier(column_name) }} as unique_field, count(*) as n_records
from {{ model }}
where {{ gm_identifier(column_name) }} is not null
group by {{ gm_identifier(column_name) }}
having count(*) > 1
{% endtest %}
`,
  ),
  builtIn(
    'accepted_values',
    `{% test accepted_values(model, column_name, values, quote=true) %}
select {{ gm_identifier(column_name) }} as value_field, count(*) as n_records
from {{ model }}
where {{ gm_identifier(column_name) }} not in ({{ gm_literals(values, quote) }})
group by {{ gm_identifier(column_name) }}
{% endtest %}
`,
  ),
  builtIn(
    'relationships',
    `{% test relationships(model, column_name, to, field) %}
with child as (
  select {{ gm_identifier(column_name) }} as from_field
  from {{ model }}
  where {{ gm_identifier(column_name) }} is not null
),
parent as (
  select {{ gm_identifier(field) }} as to_field
  from {{ to }}
)
select from_field
from child
where not exists (select from parent where parent.to_field = child.from_field)
{% endtest %}
`,
  ),
  builtIn(
    'history_is_sound',
    `{% test history_is_sound(model, unique_key=none, valid_from=none, valid_to=none, open_end=none, allow_gaps=none) %}
{% set history = gm_history(unique_key, valid_from, valid_to, open_end, allow_gaps) %}
with versions as (
  select {{ history.key }}, {{ history.begins }} as begins, {{ history.ends }} as ends, ({{ history.holds }}) as holds,
    lead({{ history.begins }}) over by_time as next_begins,
    row_number() over by_time = count(*) over by_key as is_last,
    count(*) filter (where {{ history.holds }}) over by_key as holding
  from {{ model }}
  window by_key as (partition by {{ history.key }}), by_time as (partition by {{ history.key }} order by {{ history.begins }})
)
select {{ history.key }}, begins, ends, problem
from versions
cross join lateral (values
  (case when begins is null or {{ history.key_is_null }} then 'has no key or no beginning' end),
  (case when ends <= begins then 'ends before it begins' end),
  (case when next_begins is not null and (holds or next_begins < ends) then 'overlaps the next version' end),
  (case when holding > 1 and is_last then 'several versions hold' end){% if not history.allow_gaps %},
  (case when not holds and next_begins > ends then 'a gap before the next version' end),
  (case when holding = 0 and is_last then 'no version holds' end){% endif %}
) as found (problem)
where problem is not null
{% endtest %}
`,
  ),
]

function builtIn(name: string, text: string): MacroFile {
  return { package: BUILT_IN_PACKAGE, file: `gm:${name}`, text }
}
