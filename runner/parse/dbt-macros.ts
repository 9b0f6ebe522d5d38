import type { MacroFile } from '../template/template.ts'

/** The package that dbt's own macros are in. */
export const DBT_PACKAGE = 'dbt'

/**
 * The SQL that differs between databases, by dbt's names, for PostgreSQL. Each can be overridden as in dbt: by a macro
 * `postgres__<name>` or `default__<name>` of the project.
 */
const DISPATCHED: readonly (readonly [name: string, parameters: string, body: string])[] = [
  // Dates and times
  ['current_timestamp', '', 'now()'],
  ['snapshot_get_time', '', '{{ dbt.current_timestamp() }}'],
  ['current_timestamp_backcompat', '', 'current_timestamp::timestamp'],
  [
    'current_timestamp_in_utc_backcompat',
    '',
    "{{ return(adapter.dispatch('current_timestamp_backcompat', 'dbt')()) }}",
  ],
  ['date_trunc', 'datepart, date', "date_trunc('{{ datepart }}', {{ date }})"],
  [
    'dateadd',
    'datepart, interval, from_date_or_timestamp',
    "{{ from_date_or_timestamp }} + ((interval '1 {{ datepart }}') * ({{ interval }}))",
  ],
  ['datediff', 'first_date, second_date, datepart', datediff()],
  [
    'last_day',
    'date, datepart',
    `cast(date_trunc('{{ datepart }}', {{ date }}) + interval '{{ "3 months" if datepart == "quarter" else "1 " ~ datepart }}' - interval '1 day' as date)`,
  ],
  ['date', 'year, month, day', 'make_date({{ year }}, {{ month }}, {{ day }})'],
  [
    'date_spine',
    'datepart, start_date, end_date',
    `select {{ dbt.dateadd(datepart, 'step', start_date) }} as date_{{ datepart }}
from generate_series(0, {{ dbt.datediff(start_date, end_date, datepart) }}::bigint - 1) as step`,
  ],
  [
    'generate_series',
    'upper_bound',
    'select generated_number from generate_series(1, {{ upper_bound }}) as generated_number',
  ],
  // Types
  ['safe_cast', 'field, type', 'cast({{ field }} as {{ type }})'],
  ['cast', 'field, type', 'cast({{ field }} as {{ type }})'],
  ['cast_bool_to_text', 'field', 'cast({{ field }} as text)'],
  ['type_string', '', 'text'],
  ['type_timestamp', '', 'timestamp'],
  ['type_float', '', 'float'],
  ['type_numeric', '', 'numeric(28, 6)'],
  ['type_bigint', '', 'bigint'],
  ['type_int', '', 'int'],
  ['type_boolean', '', 'boolean'],
  // Texts
  ['concat', 'fields', "{{ fields | join(' || ') }}"],
  ['hash', 'field', 'md5(cast({{ field }} as text))'],
  ['length', 'expression', 'length({{ expression }})'],
  [
    'position',
    'substring_text, string_text',
    'position({{ substring_text }} in {{ string_text }})',
  ],
  [
    'replace',
    'field, old_chars, new_chars',
    'replace({{ field }}, {{ old_chars }}, {{ new_chars }})',
  ],
  ['right', 'string_text, length_expression', 'right({{ string_text }}, {{ length_expression }})'],
  [
    'split_part',
    'string_text, delimiter_text, part_number',
    'split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})',
  ],
  ['string_literal', 'value', "'{{ value }}'"],
  ['escape_single_quotes', 'expression', '{{ expression | replace("\'", "\'\'") }}'],
  [
    'listagg',
    'measure, delimiter_text="\',\'", order_by_clause=none, limit_num=none',
    `{% if limit_num is none -%}
string_agg({{ measure }}, {{ delimiter_text }}{{ ' ' ~ order_by_clause if order_by_clause }})
{%- else -%}
array_to_string((array_agg({{ measure }}{{ ' ' ~ order_by_clause if order_by_clause }}))[1:{{ limit_num }}], {{ delimiter_text }})
{%- endif %}`,
  ],
  // Sets, arrays and aggregates
  ['except', '', 'except'],
  ['intersect', '', 'intersect'],
  ['any_value', 'expression', 'min({{ expression }})'],
  ['bool_or', 'expression', 'bool_or({{ expression }})'],
  ['equals', 'expr1, expr2', '({{ expr1 }} = {{ expr2 }})'],
  [
    'array_construct',
    'inputs=[], data_type="integer"',
    "{% if inputs %}array[{{ inputs | join(', ') }}]{% else %}array[]::{{ data_type }}[]{% endif %}",
  ],
  ['array_append', 'array, new_element', 'array_append({{ array }}, {{ new_element }})'],
  ['array_concat', 'array_1, array_2', 'array_cat({{ array_1 }}, {{ array_2 }})'],
]

/** Macros that work while templates are rendered: dates of Python's, and what a query gives. */
const COMPUTED: Readonly<Record<string, string>> = {
  convert_datetime: `{% macro convert_datetime(date_str, date_fmt) %}
{{- return(modules.datetime.datetime.strptime(date_str | trim, date_fmt)) }}{% endmacro %}`,
  dates_in_range: `{% macro dates_in_range(start_date_str, end_date_str=none, in_fmt='%Y%m%d', out_fmt='%Y%m%d') %}
{%- set first = dbt.convert_datetime(start_date_str, in_fmt) %}
{%- set last = first if end_date_str is none else dbt.convert_datetime(end_date_str, in_fmt) %}
{%- set days = (last - first).days %}
{%- if days < 0 %}{% do exceptions.raise_compiler_error('the first day, ' ~ first ~ ', is after the last, ' ~ last) %}{% endif %}
{%- set dates = [] %}
{%- for i in range(days + 1) %}
{%- set day = first + modules.datetime.timedelta(days=i) %}
{%- do dates.append(day.strftime(out_fmt) if out_fmt else day) %}
{%- endfor %}
{{- return(dates) }}{% endmacro %}`,
  partition_range: `{% macro partition_range(raw_partition_date, date_fmt='%Y%m%d') %}
{%- set ends = (raw_partition_date | string).split(',') %}
{%- if ends | length > 2 %}{% do exceptions.raise_compiler_error('partition_range() takes one day, or two with a comma between them, not ' ~ raw_partition_date) %}{% endif %}
{{- return(dbt.dates_in_range(ends[0], ends[1] if ends | length == 2 else none, in_fmt=date_fmt)) }}{% endmacro %}`,
  py_current_timestring: `{% macro py_current_timestring() %}
{{- return(modules.datetime.datetime.now().strftime('%Y%m%d%H%M%S%f')) }}{% endmacro %}`,
  get_columns_in_query: `{% macro get_columns_in_query(select_sql) %}
{{- return(adapter.dispatch('get_columns_in_query', 'dbt')(select_sql)) }}{% endmacro %}`,
  default__get_columns_in_query: `{% macro default__get_columns_in_query(select_sql) %}
{%- if not execute %}{{ return([]) }}{% endif %}
{{- return(run_query('select * from (' ~ select_sql ~ ') as asked where false').column_names) }}{% endmacro %}`,
  get_powers_of_two: `{% macro get_powers_of_two(upper_bound) %}
{%- if upper_bound <= 0 %}{% do exceptions.raise_compiler_error('the upper bound must be positive') %}{% endif %}
{%- set found = namespace(power=1) %}
{%- for i in range(1, 100) if upper_bound > 2 ** i %}{% set found.power = i + 1 %}{% endfor %}
{{- return(found.power) }}{% endmacro %}`,
  get_intervals_between: `{% macro get_intervals_between(start_date, end_date, datepart) %}
{%- if not execute %}{{ return(1) }}{% endif %}
{{- return(run_query('select ' ~ dbt.datediff(start_date, end_date, datepart)).columns[0].values()[0]) }}{% endmacro %}`,
}

/** Macros that decide where a node is built, in dbt's way; the project's own come before them. */
const NAMING = `{% macro default__generate_schema_name(custom_schema_name, node) -%}
{{ target.schema if custom_schema_name is none else target.schema ~ '_' ~ (custom_schema_name | trim) }}
{%- endmacro %}
{% macro generate_schema_name_for_env(custom_schema_name, node) -%}
{{ custom_schema_name | trim if target.name == 'prod' and custom_schema_name is not none else target.schema }}
{%- endmacro %}
{% macro default__generate_alias_name(custom_alias_name=none, node=none) -%}
{{ node.alias if custom_alias_name is none else custom_alias_name | trim }}
{%- endmacro %}
{% macro default__generate_database_name(custom_database_name=none, node=none) -%}
{{ target.database if custom_database_name is none else custom_database_name | trim }}
{%- endmacro %}
{% macro should_full_refresh() %}{{ return(flags.FULL_REFRESH) }}{% endmacro %}`

/** dbt's macros by name, each in the file that defines it. */
export const DBT_MACROS: Readonly<Record<string, MacroFile>> = Object.fromEntries<MacroFile>([
  ...DISPATCHED.flatMap(([name, parameters, body]): [string, MacroFile][] => {
    const file = macroFile(name, dispatched(name, parameters, body))
    return [
      [name, file],
      [`default__${name}`, file],
    ]
  }),
  ...namingMacros(),
  ...Object.entries(COMPUTED).map(([name, text]): [string, MacroFile] => [
    name,
    macroFile(name, text),
  ]),
])

function dispatched(name: string, parameters: string, body: string): string {
  const names = parameters
    .split(', ')
    .map((parameter) => parameter.replace(/=.*/, ''))
    .join(', ')
  return `{% macro ${name}(${parameters}) -%}
{{ return(adapter.dispatch('${name}', 'dbt')(${names})) }}
{%- endmacro %}
{% macro default__${name}(${parameters}) -%}
${body}
{%- endmacro %}`
}

function namingMacros(): [string, MacroFile][] {
  const file = macroFile('naming', NAMING)
  return [
    'default__generate_schema_name',
    'generate_schema_name_for_env',
    'default__generate_alias_name',
    'default__generate_database_name',
    'should_full_refresh',
  ].map((name) => [name, file])
}

function macroFile(name: string, text: string): MacroFile {
  return { package: DBT_PACKAGE, file: `dbt:${name}`, text }
}

/** Boundaries of the part between two times, as dbt counts them; weeks begin on Sunday. */
function datediff(): string {
  const part = (name: string) =>
    `date_part('${name}', ({{ second_date }})::timestamp) - date_part('${name}', ({{ first_date }})::timestamp)`
  const days = '(({{ second_date }})::date - ({{ first_date }})::date)'
  const finer = (above: string, count: number, name: string) => `(${above} * ${count} + ${name})`
  const whole = (name: string) =>
    `floor(date_part('${name}', ({{ second_date }})::timestamp)) - floor(date_part('${name}', ({{ first_date }})::timestamp))`
  const hours = finer(days, 24, part('hour'))
  const minutes = finer(hours, 60, part('minute'))
  const week = (date: string) => `floor((({{ ${date} }})::date - date '1970-01-04') / 7.0)`
  const sql: Readonly<Record<string, string>> = {
    year: `(${part('year')})`,
    quarter: finer(`(${part('year')})`, 4, part('quarter')),
    month: finer(`(${part('year')})`, 12, part('month')),
    week: `(${week('second_date')} - ${week('first_date')})::integer`,
    day: days,
    hour: hours,
    minute: minutes,
    second: finer(minutes, 60, whole('second')),
    millisecond: finer(minutes, 60_000, whole('millisecond')),
    microsecond: finer(minutes, 60_000_000, whole('microsecond')),
  }
  const branches = Object.entries(sql).map(
    ([name, text], i) => `{%- ${i === 0 ? 'if' : 'elif'} datepart == '${name}' -%}\n${text}\n`,
  )
  return `${branches.join('')}{%- else -%}
{{ exceptions.raise_compiler_error('datediff() does not know the part "' ~ datepart ~ '"') }}
{%- endif %}`
}
