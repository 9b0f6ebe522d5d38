import { GmError } from '../base/error.ts'
import { identifier } from '../manifest/quoted.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'
import { textOf } from './text-of.ts'

const STRINGS = /^(text|character varying|character|varchar)$/i
const INTEGERS = /^(smallint|integer|bigint|smallserial|serial|bigserial|(int|serial)[248])$/i
const FLOATS = /^(real|float|float[48]|double|double precision)$/i
const NUMERICS = /^(numeric|decimal)$/i

/** The size that dbt takes a text without one to have. */
const UNSIZED = 256

/**
 * A column as templates see it, with the members of dbt's: `name`, `quoted`, `dtype`, `data_type`, `is_string()` and its kin.
 * @param type as PostgreSQL writes it, `numeric(6,2)` for instance.
 */
export function columnObject(name: string, type: string): TemplateObject {
  const [, base = type, inside] = /^([^(]+?)\s*\(([^)]*)\)$/.exec(type) ?? []
  const sizes = inside?.split(',').map(Number) ?? []
  const isString = STRINGS.test(base)
  const isNumeric = NUMERICS.test(base)
  const charSize = isString ? (sizes[0] ?? null) : null
  return new TemplateObject('column', {
    text: `<Column ${name} (${type})>`,
    values: {
      name,
      column: name,
      quoted: identifier(name),
      dtype: isString || isNumeric ? base : type,
      data_type: type,
      char_size: charSize,
      numeric_precision: isNumeric ? (sizes[0] ?? null) : null,
      numeric_scale: isNumeric ? (sizes[1] ?? null) : null,
    },
    functions: {
      is_string: () => isString,
      is_numeric: () => isNumeric,
      is_integer: () => INTEGERS.test(base),
      is_float: () => FLOATS.test(base),
      is_number: () => isNumeric || INTEGERS.test(base) || FLOATS.test(base),
      string_size: (call) => {
        if (isString) return base === 'text' ? UNSIZED : (charSize ?? UNSIZED)
        throw new GmError(
          'GM3008',
          `${name} is of the type ${type}, which has no size of strings`,
          {
            at: call.at,
            calledFrom: call.calledFrom,
            hint: 'Ask is_string() first.',
          },
        )
      },
      can_expand_to: (call) => {
        const { other_column: other } = callArguments('can_expand_to', call, ['other_column'], 1)
        if (!isString || !(other instanceof TemplateObject)) return false
        const size = other.values['char_size']
        return (typeof size === 'number' ? size : UNSIZED) > (charSize ?? UNSIZED)
      },
      literal: (call) =>
        `${textOf(callArguments('literal', call, ['value'], 1)['value'])}::${type}`,
    },
  })
}
