import * as z from 'zod'
import { IngestFile } from './config/ingest-schema.ts'
import { MappingFile } from './mapping/mapping-schema.ts'
import { TOPICS } from './topics/registry.ts'

/** The JSON Schema of a mapping file. */
export function mappingSchema(): unknown {
  return jsonSchema(MappingFile)
}

/** The JSON Schema of `ingest.yml`. */
export function ingestSchema(): unknown {
  return jsonSchema(IngestFile)
}

/** The JSON Schema of a topic's events; undefined where gm brings no such topic. */
export function topicSchema(name: string): unknown {
  const topic = TOPICS.find((candidate) => candidate.name === name)
  return topic === undefined ? undefined : jsonSchema(topic.event)
}

function jsonSchema(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
}
