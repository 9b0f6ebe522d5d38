{%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | selectattr('package_name', 'equalto', 'workshop') | map(attribute='name') | list | sort if execute else [] -%}
{%- set metas = graph.nodes.values() | selectattr('resource_type', 'in', ['model']) | map(attribute='config') | map(attribute='meta') | map(attribute='team') | unique | list if execute else [] -%}
{%- set tested = graph.nodes.values() | selectattr('resource_type', 'equalto', 'test') | selectattr('test_metadata', 'defined') | map(attribute='test_metadata.name') | unique | list | sort if execute else [] -%}
{%- set relation = api.Relation.create(database=target.database, schema=target.schema, identifier='jobs') %}
{%- set column = api.Column('Amount', 'numeric', None, 10, 2) %}
{%- set short = api.Column.create('Short', 'character varying') %}
select
  '{{ models | join(',') }}' as models,
  '{{ metas | join(',') }}' as metas,
  '{{ tested | join(',') }}' as tested,
  '{{ relation.identifier }} {{ relation.include(database=false, schema=false) }}' as relation,
  '{{ column.name }} {{ column.quoted }} {{ column.data_type }} {{ column.is_numeric() }} {{ column.is_string() }}' as column_says,
  '{{ short.quoted }} {{ short.is_string() }} {{ api.Column.string_type(12) }} {{ api.Column.numeric_type('numeric', 4, 1) }}' as short_says,
  '{{ adapter.quote('Odd name') }}' as quoted,
  '{{ this.identifier }} {{ model.unique_id }} {{ model['config']['materialized'] }}' as itself,
  '{{ adapter.type() }} {{ target.type }} {{ project_name }}' as where_am_i
