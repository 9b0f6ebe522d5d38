import * as z from 'zod'
import { configSchema } from '../manifest/config-schema.ts'
import { isNotYet } from '../project/explain-issues.ts'
import { projectSchema } from '../project/project-schema.ts'
import { TREES } from '../project/read-trees.ts'
import { CONFIG_PLACES, propertiesSchema } from './properties-schema.ts'

/** Files whose JSON Schema gm can write, for completion and checks in editors. */
export type SchemaName = 'project' | 'properties'

type JsonSchema = Record<string, unknown>

/** The JSON Schema (draft 2020-12) of a kind of YAML file, with a description at every key. */
export function jsonSchema(name: SchemaName): JsonSchema {
  return name === 'project' ? projectJsonSchema() : propertiesJsonSchema()
}

function propertiesJsonSchema(): JsonSchema {
  const configs = new Map<unknown, JsonSchema>(
    (Object.keys(CONFIG_PLACES) as (keyof typeof CONFIG_PLACES)[]).map((kind) => [
      CONFIG_PLACES[kind],
      toJson(configSchema(kind)),
    ]),
  )
  return toJson(propertiesSchema, (schema, json) => {
    const config = configs.get(schema)
    if (config === undefined) return
    for (const key of Object.keys(json)) Reflect.deleteProperty(json, key)
    Object.assign(json, config)
    // Which draft it is, the whole schema says.
    Reflect.deleteProperty(json, '$schema')
  })
}

/** Trees of folders: `+key` is configuration at any level, a bare key a folder or configuration. */
function projectJsonSchema(): JsonSchema {
  const whole = toJson(projectSchema)
  const properties = whole['properties'] as Record<string, JsonSchema>
  const trees: Record<string, JsonSchema> = {}
  for (const [key, kind] of Object.entries(TREES)) {
    const config = toJson(configSchema(kind))['properties'] as Record<string, JsonSchema>
    trees[`${kind}_tree`] = {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(config).map(([name, schema]) => [`+${name}`, schema]),
      ),
      patternProperties: {
        '^[^+]': {
          anyOf: [
            { $ref: `#/$defs/${kind}_tree` },
            { type: ['string', 'number', 'boolean', 'array', 'null'] },
          ],
        },
      },
      additionalProperties: false,
    }
    const { description } = properties[key] ?? {}
    properties[key] = { description, $ref: `#/$defs/${kind}_tree` }
  }
  return { ...whole, $defs: trees }
}

function toJson(
  schema: z.ZodType,
  change: (schema: unknown, json: JsonSchema) => void = () => undefined,
): JsonSchema {
  return z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: json }) => {
      change(zodSchema, json)
      if (isNotYet(zodSchema as unknown as z.ZodType)) json.deprecated = true
    },
  })
}
