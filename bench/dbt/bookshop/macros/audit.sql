{% macro make_audit_table() %}
create table if not exists {{ target.schema }}_audit.runs (what text, many bigint)
{% endmacro %}

{% macro note_results(results, schemas) %}
insert into {{ target.schema }}_audit.runs (what, many)
values ('seeds', {{ results | map(attribute='node') | selectattr('resource_type', 'equalto', 'seed') | list | length }}),
    ('marts', {{ 1 if (target.schema ~ '_marts') in schemas else 0 }})
{% endmacro %}

{% macro make_notes(title, lines=[]) %}
  {% set sql %}
    drop table if exists {{ target.schema }}_audit.notes;
    create table {{ target.schema }}_audit.notes as
    select '{{ title }}' as title, t.line
    from (values {% for line in lines %}('{{ line }}'){{ ', ' if not loop.last }}{% endfor %}) as t (line)
  {% endset %}
  {% do run_query(sql) %}
  {% do log('made notes of ' ~ lines | length ~ ' lines', info=true) %}
{% endmacro %}
