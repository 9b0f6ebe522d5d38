import { z } from 'zod'
import { GmError } from '../../base/error.ts'
import { didYouMean } from '../../base/nearest.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'

/** The YAML files that gm reads, with what loads their schema. */
const SCHEMAS: Readonly<Record<string, () => Promise<z.ZodType>>> = {
  project: async () => (await import('../../project/project-schema.ts')).projectSchema,
  properties: async () => (await import('../../parse/properties-schema.ts')).propertiesSchema,
}

/** Prints the JSON Schema by which editors check and complete a YAML file of a project. */
export const schemaCommand: CommandAction = async ([file], _raw, io) => {
  const name = String(file)
  const load = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined
  if (load === undefined) {
    const names = Object.keys(SCHEMAS)
    throw new GmError('GM1010', `there is no schema ${name}`, {
      hint: didYouMean(name, names) ?? `There are ${names.join(' and ')}.`,
    })
  }
  // What a user writes, before defaults and conversions.
  const schema = z.toJSONSchema(await load(), { io: 'input', unrepresentable: 'any' })
  io.out(`${JSON.stringify(schema, null, 2)}\n`)
  return EXIT.ok
}
