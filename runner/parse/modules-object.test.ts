import { expect, test } from 'vitest'
import { GmError } from '../base/error.ts'
import { createTemplates } from '../template/create-templates.ts'
import { modulesObject } from './modules-object.ts'

const NOW = new Date('2026-03-31T12:30:00Z')

function render(expression: string): string {
  const values = { modules: modulesObject(NOW) }
  const file = { file: 'models/a.sql', text: `{% set dt = modules.datetime %}{{ ${expression} }}` }
  return createTemplates([]).render(file, { values, functions: {} }).text
}

// As Python gives them.
test.each([
  ["dt.datetime.now().strftime('%Y%m%d %H')", '20260331 12'],
  ['dt.datetime.utcnow()', '2026-03-31 12:30:00'],
  ['dt.date.today()', '2026-03-31'],
  ['dt.date.today() - dt.timedelta(days=31)', '2026-02-28'],
  ['dt.date(2026, 3, 1) + dt.timedelta(weeks=1)', '2026-03-08'],
  ['(dt.date(2026, 3, 1) - dt.date(2026, 2, 1)).days', '28'],
  [
    "(dt.datetime.strptime('2026-01-02', '%Y-%m-%d') + dt.timedelta(hours=25)).isoformat()",
    '2026-01-03T01:00:00',
  ],
  [
    "dt.datetime.strptime('02.01.2026 10:05', '%d.%m.%Y %H:%M').strftime('%F %T')",
    '2026-01-02 10:05:00',
  ],
  ["dt.date.today().replace(day=1).strftime('%B %d')", 'March 01'],
  ["dt.datetime.fromisoformat('2026-01-02 10:00:00+02:00').hour", '8'],
])('%s is %s', (expression, expected) => {
  expect(render(expression)).toBe(expected)
})

test.each([
  [
    "modules.re.match('a+', 'aa')",
    'models/a.sql:1:35  GM3005  templates have no modules.re.match()',
  ],
  [
    "modules.pytz.timezone('Europe/Paris')",
    "models/a.sql:1:35  GM3005  templates have no modules.pytz.timezone('Europe/Paris')",
  ],
  ["dt.datetime.strptime('x', '%Y')", 'models/a.sql:1:35  GM3008  "x" is not written as "%Y"'],
  ["dt.datetime.strptime('x', '%Q')", 'models/a.sql:1:35  GM3008  strptime() does not know "%Q"'],
  ['dt.date(2026, 2, 30)', 'models/a.sql:1:35  GM3008  there is no such moment: 2026, 2, 30'],
  [
    'dt.date.today() + 1',
    'models/a.sql:1:35  GM3008  "+" cannot be applied to a date and an integer',
  ],
])('%s is refused at its place', (expression, expected) => {
  let message = ''
  try {
    render(expression)
  } catch (error) {
    message = error instanceof GmError ? String(error) : ''
  }
  expect(message).toBe(expected)
})
