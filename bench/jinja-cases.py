"""Writes runner/template/jinja-cases.json: templates and what Jinja2 makes of them.

    python3 -m venv /tmp/jinja && /tmp/jinja/bin/pip install jinja2==3.1.6
    /tmp/jinja/bin/python bench/jinja-cases.py > runner/template/jinja-cases.json

An expected value of null means that Jinja2 raises an error. The environment is dbt's, with strict undefined values.
"""

import json

import jinja2

VALUES = {
    "x": 1,
    "name": "orders",
    "empty": "",
    "nothing": None,
    "yes": True,
    "nums": [3, 1, 2],
    "words": ["b", "A", "c"],
    "d": {"b": 1, "a": 2, "items_": 3},
    "rows": [
        {"n": "a", "v": 1, "on": True},
        {"n": "b", "v": 2, "on": False},
        {"n": "c", "v": 2, "on": True},
    ],
    "nested": {"a": {"b": {"c": 5}}},
    "tree": [{"n": 1, "kids": [{"n": 2, "kids": []}]}, {"n": 3, "kids": []}],
}

TEMPLATES = r"""
{{ x }} {{ x + 1 }} {{ x - 2 }}
{{ 10 / 2 }} {{ 7 / 2 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7.0 // 2 }}
{{ 7 % 3 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 % 2 }}
{{ 2 ** 10 }} {{ 2 ** -1 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }}
{{ 6 * 4 % 5 }} {{ 7 * 3 // 2 }} {{ 2 + 3 * 4 }} {{ (2 + 3) * 4 }} {{ 10 - 2 - 3 }} {{ 2 * 3 / 4 }}
{{ 1.0 }} {{ 1.5 }} {{ 1e3 }} {{ 1e16 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }} {{ 1_000 }}
{{ 1 == 1.0 }} {{ true == 1 }} {{ 'a' == "a" }} {{ [1, 2] == [1, 2] }} {{ (1, 2) == [1, 2] }}
{{ 1 < 2 < 3 }} {{ 3 > 2 > 2 }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }}
{{ true }} {{ True }} {{ false }} {{ none }} {{ None }}
{{ 'a' ~ 1 ~ true ~ none ~ 1.0 }}
{{ 1 ~ 2 + 3 }}
{{ 'a' + 'b' }} {{ 'ab' * 3 }} {{ [1] + [2] }} {{ [0] * 3 }}
{{ [1, 'a', "it's", none, 1.5, true] }}
{{ {'a': 1, 'b': [1, {'c': 'd'}]} }}
{{ (1, 2) }} {{ (1,) }} {{ () }} {{ 1, 2 }}
{{ ['a\nb', 'tab\t', 'back\\slash', '"', "'\""] }}
{{ 'a\\d\d\x41\u00e9\101' }}
{{ 'one' 'two' }}
{{ nums[-1] }} {{ nums[0] }} {{ nums[1:] }} {{ nums[:-1] }} {{ nums[::-1] }} {{ nums[::2] }} {{ nums[5:] }}
{{ name[0] }} {{ name[-2:] }} {{ name[::-1] }} {{ 'añb'[1] }}
{{ (1, 2, 3)[1:] }} {{ (1, 2)[0] }} {{ nums.0 }}
{{ d.b }} {{ d['a'] }} {{ d.get('z', 9) }} {{ d.get('z') }} {{ nested.a.b.c }} {{ nested['a']['b'] }}
{{ d.zzz is defined }} {{ nums[9] is defined }} {{ zzz is defined }} {{ zzz is undefined }}
{{ zzz }}
{{ d.zzz }}
{{ d.zzz.y }}
{{ nums[9] }}
{% if zzz %}a{% endif %}
{{ zzz | default('q') }} {{ d.zzz | default(3) }} {{ empty | default('q') }} {{ empty | default('q', true) }} {{ none | default('q') }}
{{ zzz ~ 'a' }}
{{ zzz == 1 }}
{{ 'a' if x == 1 }}|{{ 'a' if x == 2 }}|{{ 'a' if x == 2 else 'b' }}|{{ 'a' if x == 2 else 'b' if x == 3 else 'c' }}
{% if x == 2 %}a{% elif x == 1 %}b{% else %}c{% endif %}
{% for i in nums %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for i in nums if i > 1 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% endfor %}
{% for i in nums if i > 5 %}{{ i }}{% else %}none{% endfor %}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}
{% for k in d %}{{ k }}{% endfor %}
{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for c in 'abc' %}{{ c }}-{% endfor %}
{% for i in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }} {% endfor %}
{% for i in nums %}{{ loop.previtem | default('-') }}{{ i }}{{ loop.nextitem | default('-') }} {% endfor %}
{% for i in nums %}{{ loop.cycle('odd', 'even') }} {% endfor %}
{% for r in rows %}{% if loop.changed(r.v) %}{{ r.v }}{% endif %}{% endfor %}
{% for i in nums %}{% set outer = loop.index %}{% for j in [1, 2] %}{{ outer }}{{ j }} {% endfor %}{% endfor %}
{% for node in tree recursive %}{{ node.n }}{% if node.kids %}[{{ loop(node.kids) }}]{% endif %}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% set a = 1 %}{% for i in nums %}{% set a = i %}{% endfor %}{{ a }}
{% set a = 1 %}{% if true %}{% set a = 2 %}{% endif %}{{ a }}
{% for i in [1] %}{% set q = 1 %}{% endfor %}{{ q is defined }}
{% set a = 5 %}{% for i in nums %}{{ a }}{% set a = i %}{{ a }} {% endfor %}
{% set ns = namespace(total=0) %}{% for i in nums %}{% set ns.total = ns.total + i %}{% endfor %}{{ ns.total }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}
{% set a, b = 1, 2 %}{{ b }}{{ a }}
{% set a, b = [3, 4] %}{{ b }}{{ a }}
{% set a, b = [3, 4, 5] %}
{% set a %}x {{ x }} y{% endset %}{{ a }}|{{ a | length }}
{% set a | upper %}x {{ name }}{% endset %}{{ a }}
{% set a %}{% set inner = 1 %}{% endset %}{{ inner is defined }}
{% set l = [] %}{% for i in nums %}{% do l.append(i * 2) %}{% endfor %}{{ l }}
{% set e = {'a': 1} %}{% do e.update({'b': 2}) %}{% do e.update(c=3) %}{{ e }} {{ e.pop('a') }} {{ e }} {{ e.setdefault('z', 7) }} {{ e | length }}
{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% macro m(a, b=2) %}[{{ a }},{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(b=5, a=4) }}{{ m(1, b=9) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, z=2) }}
{% macro m(a) %}{{ a }}|{{ varargs }}|{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, z=4) }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}
{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}
{% set g = 3 %}{% macro m() %}{{ g }}{% endmacro %}{{ m() }}
{% macro m() %}{% set inner = 5 %}{% endmacro %}{{ m() }}{{ inner is defined }}
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ x }}{% endcall %}
{% macro m() %}{{ caller(1) }}{{ caller(2) }}{% endmacro %}{% call(i) m() %}({{ i }}){% endcall %}
{% macro m() %}a{% endmacro %}{% call m() %}b{% endcall %}
{% macro m() %} a {% endmacro %}[{{ m() | trim }}] {{ m() | length }} {{ m() ~ 'x' }}
{% filter upper %}a {{ name }}{% endfilter %}
{% filter replace('a', 'b') | upper %}banana{% endfilter %}
{% raw %}{{ x }} {% if %}{# c #}{% endraw %}
{%- raw -%}  {{ x }}  {%- endraw -%} b
a {# comment {{ x }} #} b
a {#- comment -#} b
  {%- if true -%}  a  {%- endif -%}  b
a\n  {{- x -}}  \nb
{{ '{{ x }}' }} {{ "{% x %}" }}
{{ {'a': {'b': 1}} }} {{ {'a': {'b': {}}}}}
plain #} and }} and %} text
{{ 1 in nums }} {{ 9 not in nums }} {{ 'a' in d }} {{ 'rd' in name }} {{ not 1 in nums }} {{ 1 in (1, 2) }}
{{ x is number }} {{ name is string }} {{ d is mapping }} {{ nums is sequence }} {{ nums is iterable }} {{ none is none }} {{ nothing is not none }}
{{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is in [1, 2] }} {{ 1 is eq 1 }} {{ 2 is gt(1) }} {{ 1 is sameas 1 }}
{{ true is true }} {{ 1 is true }} {{ false is false }} {{ true is boolean }} {{ 1 is boolean }} {{ 1.5 is float }} {{ 1 is integer }} {{ true is number }} {{ true is integer }}
{{ 'A' is upper }} {{ 'a' is lower }} {{ range is callable }} {{ x is equalto 1 }} {{ x is ne 2 }}
{{ not x is none }} {{ x + 1 is odd }} {{ x is defined and name is defined }} {{ 'a' ~ 'b' is string }}
{{ x or 5 }} {{ empty or 'z' }} {{ x and name }} {{ none and 1 }} {{ not empty }} {{ not not 1 }}
{{ words | sort }} {{ words | sort(case_sensitive=true) }} {{ nums | sort(reverse=true) }} {{ rows | sort(attribute='v,n') | map(attribute='n') | list }}
{{ rows | selectattr('on') | map(attribute='n') | join(',') }} {{ rows | rejectattr('on') | map(attribute='n') | list }}
{{ rows | selectattr('v', 'equalto', 2) | map(attribute='n') | join(',') }} {{ rows | selectattr('v', '>', 1) | list | length }} {{ rows | rejectattr('v', 'in', [1]) | map(attribute='n') | list }}
{{ nums | select('odd') | list }} {{ nums | reject('gt', 1) | list }} {{ [0, 1, '', 'a'] | select | list }}
{{ words | map('upper') | join('-') }} {{ ['1', '2'] | map('int') | sum }} {{ words | map('replace', 'b', 'z') | list }} {{ rows | map(attribute='zz', default=0) | list }}
{{ nums | join }} {{ nums | join(', ') }} {{ rows | join('+', attribute='n') }} {{ [1, none, true] | join('|') }}
{{ nums | first }} {{ nums | last }} {{ nums | length }} {{ nums | count }} {{ nums | sum }} {{ nums | min }} {{ nums | max }} {{ rows | sum(attribute='v') }} {{ words | max }}
{{ nums | reverse | list }} {{ 'abc' | reverse }} {{ [1, 2, 1, 'a', 'A'] | unique | list }} {{ rows | unique(attribute='v') | map(attribute='n') | list }}
{{ [1, 2, 3, 4, 5] | batch(2) | list }} {{ [1, 2, 3] | batch(2, 0) | list }} {{ [1, 2, 3, 4, 5] | slice(2) | list }} {{ [1, 2, 3] | slice(2, 'x') | list }}
{{ d | dictsort }} {{ d | dictsort(by='value') }} {{ d | dictsort(reverse=true) }} {{ d | items | list }} {{ d | list }}
{% for v, group in rows | groupby('v') %}{{ v }}:{{ group | map(attribute='n') | join }} {% endfor %}
{{ 'a b' | upper }} {{ 'A' | lower }} {{ 'hello wORLD-foo' | title }} {{ 'hELLO' | capitalize }} [{{ '  a ' | trim }}] {{ 'xxaxx' | trim('x') }}
{{ 'aaa' | replace('a', 'b') }} {{ 'aaa' | replace('a', 'b', 2) }} {{ 'a' | center(5) }}| {{ 'ab' | center(5) }}|
{{ 'a\nb\n\nc' | indent }}|{{ 'a\nb' | indent(2, true) }}|{{ 'a\n\nb' | indent(2, blank=true) }}
{{ 2.5 | round }} {{ 3.5 | round }} {{ 2.567 | round(2) }} {{ 2.1 | round(0, 'ceil') }} {{ 2.9 | round(method='floor') }} {{ 25 | round(-1) }} {{ 2 | round }}
{{ '12' | int }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ 3.9 | int }} {{ '3.9' | int }} {{ 'ff' | int(0, 16) }} {{ '1.5' | float }} {{ 'x' | float }} {{ 3 | float }} {{ -3 | abs }} {{ true | int }}
{{ x | string }} {{ [1, 2] | string }} {{ 'abc' | list }} {{ 'a b c' | wordcount }}
{{ 'the quick brown fox' | truncate(10) }} {{ 'the quick brown fox' | truncate(10, true, leeway=0) }}
{{ d | tojson }} {{ {'b': [1, 2.0, none, true], 'a': '<é"'} | tojson }} {{ [1] | tojson(indent=2) }} {{ {} | tojson }}
{{ '%s and %d' % ('a', 3) }} {{ '%05.2f|%-5s|%+d|%x' % (3.14159, 'ab', 5, 255) }} {{ '%(a)s' % {'a': 1} }} {{ '100%%' % () }} {{ '%s' % x }} {{ '%s %s' | format(1, 'b') }}
{{ '{} {}'.format(1, 'a') }} {{ '{1} {0}'.format('a', 'b') }} {{ '{a:>5}|{b:05d}|{c:.2f}|{d:,}'.format(a='x', b=42, c=1.005, d=1234567) }} {{ '{{}}{}'.format(1) }}
{{ 'a,b,c'.split(',') }} {{ ' a  b '.split() }} {{ 'a,b,c'.split(',', 1) }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'a\nb\r\nc'.splitlines() }}
{{ 'Abc'.upper() }} {{ 'Abc'.lower() }} {{ ' a '.strip() }} {{ 'xxa'.lstrip('x') }} {{ 'axx'.rstrip('x') }} {{ ','.join(['a', 'b']) }} {{ 'aXbX'.replace('X', '') }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'abc'.find('c') }} {{ 'abc'.find('z') }} {{ 'aaa'.count('a') }} {{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ "they're bill's".title() }}
{% set l = [3, 1, 2] %}{% do l.sort() %}{{ l }}{% do l.reverse() %}{{ l }}{% do l.insert(1, 'x') %}{{ l }}{% do l.extend([7]) %}{{ l.pop() }}{{ l.index('x') }}{% do l.remove('x') %}{{ l }}{{ l.count(3) }}{{ l.copy() }}
{{ d.keys() | list }} {{ d.values() | list }} {{ d.items() | list }} {{ dict(a=1, b=2) }} {{ dict([('a', 1)]) }}
{{ range(3) | list }} {{ range(1, 4) | list }} {{ range(6, 0, -2) | list }}
{{ name.upper().lower()[1:3] }} {{ (nums | sort)[0] }} {{ nums | sort | first }} {{ -nums[0] }} {{ -1 | abs }} {{ (1 + 2) | string }}
{{ [1, 2,] }} {{ {'a': 1,} }} {{ dict(a=1,) }}
{{ x
   + 1 }}
{{ [[1, 2], [3, 4]] | map('sum') | list }} {{ [[2, 1]] | map('sort') | list }} {{ [{'a': {'b': 1}}] | map(attribute='a.b') | list }}
{{ 5 | nofilter }}
{{ 5 is notest }}
{{ nofunction() }}
{{ 'a' + 1 }}
{{ 1 / 0 }}
{{ [1, 2] < 'a' }}
{{ 1 +  }}
{% if x %}
{% for i in x %}{% endfor %}
{{ 'it''s' }}
{{ nums | sort(attribute='x') }}
{{ {'a': 1}['a'] }} {{ {1: 'one'}[1] }} {{ {true: 'yes'} }}
{{ 'a' if false }}|{{ ('a' if false) ~ 'b' }}
{{ '' ~ [1, 2] ~ {'a': none} }}
{{ 0.1 }} {{ 100000000000000000.0 }} {{ 123456789.123 }} {{ -0.0 }} {{ 1e-5 }}
{{ 7 | default(1) }} {{ false | default(1, true) }} {{ 'é' | upper }} {{ 'ß'.upper() }}
{{ [none][0] }} {{ {'a': none}.a }} {{ d.get('z', none) }} {{ [none] | first }} {{ nothing | default(none) }} {% macro m(a=1) %}{{ a }}{% endmacro %}{{ m(none) }} {{ 'x' | default(none) }} {{ ' a ' | trim(none) }} {{ [none, none] | unique | list }}
{{ loop is defined }}{% for i in [1] %}{{ loop is defined }}{% endfor %}
{{ rows[0].n }}{{ rows[-1]['n'] }}{{ rows[0].n.upper() }}
{{ d.items_ }} {{ d.items is callable }} {{ {'items': 1}['items'] }}
{{ (x, name) | join('/') }} {{ ((1, 2), (3, 4)) | map('first') | list }} {{ [(2, 'b'), (1, 'a')] | sort }}
{{ '%.3s|%5s|%r' % ('abcdef', 'x', 'q') }} {{ '%e' % 12345.678 }} {{ '%i' % 3.9 }}
{{ 'a' in ['a'] and 'b' not in ['a'] or false }} {{ 1 if 0 or 2 else 3 }}
"""


def main() -> None:
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    cases = []
    lines = TEMPLATES.strip("\n").split("\n")
    # A line that begins with a blank and an operator goes on with the one before.
    joined: list[str] = []
    for line in lines:
        if line.startswith("   +"):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    # "\n" outside of tags stands for a line end; inside it is the template's own escape.
    for text in joined:
        template = text.replace("\\n  {{-", "\n  {{-").replace("-}}  \\nb", "-}}  \nb")
        try:
            expected = environment.from_string(template).render(json.loads(json.dumps(VALUES)))
        except Exception:
            expected = None
        cases.append({"template": template, "expected": expected})
    extra = [
        "a\n",
        "a\n\n",
        "a\r\nb {{ x }}\r\n",
        "{% if true %}\na\n{% endif %}\nb\n",
        "{%- for i in nums %}\n  {{ i }}\n{%- endfor %}\n",
        "select\n  {% for r in rows -%}\n  {{ r.n }}{{ ',' if not loop.last }}\n  {% endfor -%}\nfrom t",
        "{% macro m() %}\n  x\n{% endmacro %}\n{{ m() }}",
        "{#\n multi {% if %}\n#}\na",
        "{{ 'multi\nline' }}",
        "\u00e9\U0001f600{{ x }}\U0001f600",
    ]
    for template in extra:
        cases.append({"template": template, "expected": environment.from_string(template).render(VALUES)})
    print(json.dumps({"values": VALUES, "cases": cases}, indent=1, ensure_ascii=False))


main()
