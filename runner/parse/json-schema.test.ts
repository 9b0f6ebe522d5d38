import { expect, test } from 'vitest'
import { jsonSchema } from './json-schema.ts'

/** Paths of all named properties without a description. */
function undescribed(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]) => {
    const here = `${path}/${key}`
    const isProperty = /\/properties\/[^/]+$/.test(here)
    const missing = isProperty && !Object.hasOwn(value as object, 'description') ? [here] : []
    return [...missing, ...undescribed(value, here)]
  })
}

test.each(['project', 'properties'] as const)(
  'every key of the %s schema has a description, because editors show it',
  (name) => {
    expect(undescribed(jsonSchema(name))).toEqual([])
  },
)

test('the properties schema has the configuration keys of each kind in their place', () => {
  const text = JSON.stringify(jsonSchema('properties'))
  expect(text).toContain('"materialized"')
  expect(text).toContain('"column_types"')
  expect(text).toContain('"surrogate_key"')
})

test('the project schema takes +keys and folders at every level, and no misspelt +key', () => {
  const schema = jsonSchema('project') as {
    $defs: Record<string, { properties: object; additionalProperties: boolean }>
  }
  const tree = schema.$defs['model_tree']
  expect(Object.keys(tree?.properties ?? {})).toContain('+materialized')
  expect(tree?.additionalProperties).toBe(false)
})

test('a key that gm does not support yet is never valid', () => {
  const schema = jsonSchema('properties') as { properties: Record<string, object> }
  expect(schema.properties['functions']).toMatchObject({ not: {}, deprecated: true })
})
