import { describe, expect, test } from 'vitest'
import { GmError, GmErrors } from '../../base/error.ts'
import { renderError } from './error.ts'
import { styleFor } from './style.ts'

const files: Readonly<Record<string, string>> = {
  'models/fact_sales.sql':
    "select\n  sale_id,\n  {{ cents_to_pounds('price') }} as price\nfrom {{ ref('stg_slaes') }}\n",
  'macros/money.sql':
    '{% macro cents_to_pounds(column) %}\n  {{ column }} / hundred\n{% endmacro %}\n',
  'project.yml': 'name: shop\nmodles: {}\n',
}

const context = { style: styleFor(false), readText: (file: string) => files[file] }

function screen(thrown: unknown): string {
  return `\n${renderError(thrown, context)}`
}

describe('error screens', () => {
  test('An error in a model shows its place, the line and what to do', () => {
    const error = new GmError('GM2003', 'there is no model, seed or snapshot stg_slaes', {
      at: { file: 'models/fact_sales.sql', line: 4, column: 13 },
      hint: 'Did you mean "stg_sales"?',
    })
    expect(screen(error)).toMatchInlineSnapshot(`
      "
      models/fact_sales.sql:4:13  GM2003  there is no model, seed or snapshot stg_slaes

        3 |   {{ cents_to_pounds('price') }} as price
        4 | from {{ ref('stg_slaes') }}
          |             ^

        hint: Did you mean "stg_sales"?
      "
    `)
  })

  test('An error inside a macro shows the macro, then the model that called it', () => {
    const error = new GmError('GM4001', 'column "hundred" does not exist', {
      at: { file: 'macros/money.sql', line: 2, column: 18 },
      calledFrom: [{ file: 'models/fact_sales.sql', line: 3, column: 6 }],
    })
    expect(screen(error)).toMatchInlineSnapshot(`
      "
      macros/money.sql:2:18  GM4001  column "hundred" does not exist

        1 | {% macro cents_to_pounds(column) %}
        2 |   {{ column }} / hundred
          |                  ^

        called from models/fact_sales.sql:3:6
      "
    `)
  })

  test('Several errors come in the order of their places, those without one first', () => {
    const at = (file: string, line: number) => ({ at: { file, line, column: 1 } })
    const errors = new GmErrors([
      new GmError('GM2003', 'third', at('models/fact_sales.sql', 2)),
      new GmError('GM1002', 'unknown key modles', {
        at: { file: 'project.yml', line: 2, column: 1 },
        hint: 'Did you mean "models"?',
      }),
      new GmError('GM2003', 'second', at('models/fact_sales.sql', 1)),
      new GmError('GM1005', 'WAREHOUSE_DB_PASSWORD is not set'),
    ])
    expect(screen(errors)).toMatchInlineSnapshot(`
      "
      GM1005  WAREHOUSE_DB_PASSWORD is not set

      models/fact_sales.sql:1:1  GM2003  second

        1 | select
          | ^

      models/fact_sales.sql:2:1  GM2003  third

        1 | select
        2 |   sale_id,
          | ^

      project.yml:2:1  GM1002  unknown key modles

        1 | name: shop
        2 | modles: {}
          | ^

        hint: Did you mean "models"?

      4 errors
      "
    `)
  })

  test('A place in a file that cannot be read, such as a built-in macro, shows no code', () => {
    const error = new GmError('GM3008', 'boom', { at: { file: 'gm:changes', line: 1, column: 1 } })
    expect(screen(error)).toBe('\ngm:changes:1:1  GM3008  boom\n')
  })

  test('Anything else that is thrown is called a bug and shows its stack and causes', () => {
    const text = renderError(
      new TypeError('x is not a function', { cause: new Error('why') }),
      context,
    )
    expect(text).toContain('This is a bug in gm, please report it')
    expect(text).toContain('TypeError: x is not a function\n    at ')
    expect(text).toContain('[cause]: Error: why')
  })

  test('A thrown value that is no error is shown as well', () => {
    expect(renderError({ a: 1 }, context)).toContain('{ a: 1 }')
  })
})
