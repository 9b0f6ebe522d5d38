import type { MacroFile } from '../template/template.ts'

/** The package of gm's own macros; a project's macro of the same name comes first. */
export const BUILT_IN_PACKAGE = 'gm'

/**
 * The four generic tests that every dbt project expects, with dbt's meaning: each selects the rows (or values) that
 * fail, and null passes everywhere but in `not_null`. `gm_identifier` and `gm_literal` exist only for these.
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
]

function builtIn(name: string, text: string): MacroFile {
  return { package: BUILT_IN_PACKAGE, file: `gm:${name}`, text }
}
