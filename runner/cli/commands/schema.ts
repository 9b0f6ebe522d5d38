import { ingestSchema, mappingSchema, topicSchema } from '../../../ingest/index.ts'
import { GmError } from '../../base/error.ts'
import { didYouMean } from '../../base/nearest.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'

/** The YAML files that gm reads and the document that `gm plan` writes, with what makes their JSON Schema. */
const SCHEMAS: Readonly<Record<string, () => Promise<unknown>>> = {
  project: async () => (await import('../../parse/json-schema.ts')).jsonSchema('project'),
  properties: async () => (await import('../../parse/json-schema.ts')).jsonSchema('properties'),
  plan: async () => (await import('../render/plan-document.ts')).planJsonSchema(),
  mapping: mappingSchema,
  ingest: ingestSchema,
}

/** Prints the JSON Schema of a YAML file of a project, for editors, or of a topic's events, for their producers. */
export const schemaCommand: CommandAction = async ([file], _raw, io) => {
  const name = String(file)
  const make = Object.hasOwn(SCHEMAS, name) ? SCHEMAS[name] : undefined
  const ofTopic = make === undefined ? await topicSchema(name) : undefined
  if (ofTopic !== undefined) {
    io.out(`${JSON.stringify(ofTopic, null, 2)}\n`)
    return EXIT.ok
  }
  if (make === undefined) {
    const names = Object.keys(SCHEMAS)
    throw new GmError('GM1010', `there is no schema ${name}`, {
      hint: didYouMean(name, names) ?? `There are ${names.join(', ')}.`,
    })
  }
  io.out(`${JSON.stringify(await make(), null, 2)}\n`)
  return EXIT.ok
}
