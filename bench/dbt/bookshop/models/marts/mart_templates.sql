{% set ns = namespace(total=0, words=[]) %}
{% for n in range(1, 5) %}
  {% set ns.total = ns.total + n * 2 %}
  {% if n is divisibleby 2 %}{% do ns.words.append('n' ~ n) %}{% endif %}
{% endfor %}
{% set about = {'b': [1, 2], 'a': {'x': none}} %}
select
    {{ ns.total }} as total,
    '{{ ns.words | join("+") | upper }}' as words,
    '{{ tojson(about, sort_keys=true) }}' as about,
    '{{ (fromyaml('k: [1, 2]'))['k'] | sum }}' as summed,
    '{{ pair('a', 1) }}' as pair,
    '{{ pair(value='z', name='y', sep='=') }}' as keyed,
    '{{ listed('p', 'q', r='s') }}' as listed,
    '{{ var("absent", "none given") }}' as variable,
    '{{ env_var("BOOKSHOP_NOTHING", "no such") }}' as environment,
    '{{ target.name }}/{{ target.type }}' as target,
    '{{ config.get("materialized") }}' as materialized,
    '{{ model.resource_type }}/{{ this.identifier }}' as me,
    '{{ local_md5("text") }}' as hashed,
    '{{ zip([1, 2], ["a", "b"]) | list | length }}' as zipped,
    '{{ set([1, 1, 2]) | length }}' as distinct_ones,
    '{% raw %}{{ raw }}{% endraw %}' as raw_text,
    {{ 7 // 2 }} as whole, {{ 7 % 4 }} as rest, {{ 2 ** 5 }} as power, {{ (10 / 4) }} as ratio,
    '{{ "%05.1f" | format(3.14159) }}' as formatted,
    '{{ "a,b,c".split(",")[1:] | last }}' as sliced,
    {{ 'true' if invocation_id else 'false' }} as has_invocation
