import { GmError } from '../base/error.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'
import { columnObject } from './column-object.ts'
import { relationObject } from './relation-object.ts'
import { textOf } from './text-of.ts'

/** dbt's words for types, in PostgreSQL's. Any other word is a type already. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  float: 'float',
  integer: 'int',
}

/** `api.Relation.create(schema=…, identifier=…)` and `api.Column.translate_type('string')` and its kin. */
export function apiObject(database: string): TemplateObject {
  return new TemplateObject('api', {
    values: {
      Relation: new TemplateObject('Relation', {
        functions: {
          create: (call) => {
            const names = ['database', 'schema', 'identifier', 'type']
            const given = callArguments('api.Relation.create', call, names, 0)
            const { schema, identifier, type } = given
            if (typeof identifier !== 'string' || typeof schema !== 'string') {
              throw new GmError('GM2008', 'api.Relation.create() needs schema and identifier', {
                at: call.at,
                calledFrom: call.calledFrom,
                hint: "Write api.Relation.create(schema='shop', identifier='orders').",
              })
            }
            const kind = typeof type === 'string' ? type : undefined
            return relationObject({ schema, identifier }, database, undefined, kind)
          },
        },
      }),
      Column: new TemplateObject('Column', {
        call: (call) => {
          const names = ['column', 'dtype', 'char_size', 'numeric_precision', 'numeric_scale']
          const { column, dtype, ...sizes } = callArguments('api.Column', call, names, 2)
          const given = [sizes['char_size'], sizes['numeric_precision'], sizes['numeric_scale']]
          const inside = given.filter((size) => size !== undefined && size !== null).map(textOf)
          const type = textOf(dtype) + (inside.length === 0 ? '' : `(${inside.join(',')})`)
          return columnObject(textOf(column), type)
        },
        functions: {
          create: (call) => {
            const names = ['name', 'label_or_dtype']
            const found = callArguments('api.Column.create', call, names, 2)
            const dtype = textOf(found['label_or_dtype'])
            return columnObject(textOf(found['name']), TYPES[dtype.toLowerCase()] ?? dtype)
          },
          translate_type: (call) => {
            const { dtype } = callArguments('api.Column.translate_type', call, ['dtype'], 1)
            return TYPES[String(dtype).toLowerCase()] ?? dtype
          },
          string_type: (call) => {
            const { size } = callArguments('api.Column.string_type', call, ['size'], 1)
            return `character varying(${textOf(size)})`
          },
          numeric_type: (call) => {
            const names = ['dtype', 'precision', 'scale']
            const found = callArguments('api.Column.numeric_type', call, names, 3)
            const { dtype, precision, scale } = found
            if (precision === null || scale === null) return dtype
            return `${textOf(dtype)}(${textOf(precision)},${textOf(scale)})`
          },
        },
      }),
    },
  })
}
