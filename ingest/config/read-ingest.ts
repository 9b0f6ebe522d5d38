import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { GmError, throwAll } from '../../runner/base/error.ts'
import { importModule } from '../../runner/base/import-module.ts'
import { didYouMean } from '../../runner/base/nearest.ts'
import { TOPICS } from '../topics/registry.ts'
import type { Topic } from '../topics/topic.ts'
import type { PlaceOf } from '../yaml/read-placed-yaml.ts'
import { readPlacedYaml } from '../yaml/read-placed-yaml.ts'
import { customTopic } from './custom-topic.ts'
import type {
  IngestConfig,
  KafkaConnection,
  PayloadReader,
  Start,
  TopicPlan,
} from './ingest-config.ts'
import type { TopicFile } from './ingest-schema.ts'
import { INGEST_KEYS, IngestFile } from './ingest-schema.ts'

/** Name of the file, beside project.yml. */
export const INGEST_FILE = 'ingest.yml'

/** Settings over the file's, by name of an environment variable; undefined where it is not set. */
export type ReadVariable = (name: string) => string | undefined

/**
 * Reads `ingest.yml` of a project, and the files that it names.
 * @throws GmError GM7006 for every mistake, with its place.
 */
export async function readIngest(root: string, variable: ReadVariable): Promise<IngestConfig> {
  const text = await readText(
    join(root, INGEST_FILE),
    'Write one beside project.yml: see docs/kafka.md.',
  )
  const { file, placeOf } = parseIngest(text, variable)
  const readers = new Map<string, PayloadReader>()
  for (const [name, topic] of Object.entries(file.topics)) {
    if (topic?.reader === undefined) continue
    const at = placeOf(['topics', name, 'reader'])
    readers.set(name, await loadReader(resolve(root, topic.reader), at))
  }
  const pem = (path: string | undefined): Promise<string> | undefined =>
    path === undefined ? undefined : readText(resolve(root, path), 'It is named under tls.')
  const tls =
    typeof file.tls === 'boolean'
      ? file.tls
      : {
          ca: await pem(file.tls.ca_file),
          cert: await pem(file.tls.cert_file),
          key: await pem(file.tls.key_file),
        }
  const { kafka, ...rest } = planIngest(file, placeOf, readers)
  return { ...rest, kafka: hideSasl({ ...kafka, sasl: kafka.sasl, tls }) }
}

/**
 * The text of `ingest.yml` as the schema has it, variables put in.
 * @throws GmError GM7006
 */
export function parseIngest(
  text: string,
  variable: ReadVariable,
): { readonly file: IngestFile; readonly placeOf: PlaceOf } {
  const told = { code: 'GM7006', keys: INGEST_KEYS } as const
  const { value, placeOf } = readPlacedYaml(text, INGEST_FILE, IngestFile, told, (raw, at) =>
    withBrokers(fillIn(raw, variable, at, []), variable('KAFKA_BOOTSTRAP_SERVERS')),
  )
  return { file: value, placeOf }
}

/**
 * The plan of each topic, from gm's own topics and those that the file declares.
 * @throws GmError GM7006
 */
export function planIngest(
  file: IngestFile,
  placeOf: PlaceOf,
  readers: ReadonlyMap<string, PayloadReader> = new Map(),
): IngestConfig {
  const errors: GmError[] = []
  const topics = new Map<string, TopicPlan>()
  for (const [name, given] of Object.entries(file.topics)) {
    const own = given ?? {}
    const topic = topicOf(name, own, placeOf, errors)
    if (topic === undefined) continue
    if (own.key !== undefined && !(own.key in topic.event.shape)) {
      const known = Object.keys(topic.event.shape)
      errors.push(
        new GmError('GM7006', `Events of ${name} have no field "${own.key}".`, {
          at: placeOf(['topics', name, 'key']),
          hint: didYouMean(own.key, known) ?? `The fields are ${known.join(', ')}.`,
        }),
      )
    }
    const sharing = [...topics.values()].find((plan) => plan.topic.table === topic.table)
    if (sharing !== undefined) {
      const message = `${name} and ${sharing.topic.name} name the same table, ${topic.table}.`
      errors.push(new GmError('GM7006', message, { at: placeOf(['topics', name]) }))
    }
    topics.set(name, {
      topic,
      start: startOf(own.start ?? file.start),
      onOutOfRange: own.on_out_of_range ?? file.on_out_of_range,
      onRecreated: own.on_recreated ?? file.on_recreated,
      key: own.key,
      partitions: own.partitions,
      reader: readers.get(name),
    })
  }
  if (Object.keys(file.topics).length === 0) {
    errors.push(new GmError('GM7006', 'No topic is named.', { at: placeOf(['topics']) }))
  }
  throwAll(errors)
  return {
    kafka: hideSasl({
      brokers: file.brokers,
      clientId: file.client_id,
      tls: file.tls !== false,
      sasl: file.sasl,
    }),
    mode: file.mode,
    group: file.group,
    maxRows: file.max_rows,
    health: file.health,
    topics,
  }
}

function topicOf(
  name: string,
  own: TopicFile,
  placeOf: PlaceOf,
  errors: GmError[],
): Topic | undefined {
  const known = TOPICS.find((topic) => topic.name === name)
  const declared = ['table', 'description', 'type_field', 'time_field', 'fields'] as const
  if (known !== undefined) {
    const twice = declared.filter((key) => own[key] !== undefined)
    for (const key of twice) {
      errors.push(
        new GmError('GM7006', `gm brings the topic ${name}; ${key} cannot be changed.`, {
          at: placeOf(['topics', name], key),
          hint: 'Leave the key out, or land a topic of another name.',
        }),
      )
    }
    return twice.length === 0 ? known : undefined
  }
  const missing = (['table', 'type_field', 'time_field', 'fields'] as const).filter(
    (key) => own[key] === undefined,
  )
  if (missing.length > 0) {
    const names = TOPICS.map((topic) => topic.name)
    errors.push(
      new GmError('GM7006', `The topic "${name}" is not known and lacks ${missing.join(', ')}.`, {
        at: placeOf(['topics'], name),
        hint: didYouMean(name, names) ?? 'Declare its table and its fields.',
      }),
    )
    return undefined
  }
  const fields = own.fields ?? {}
  for (const key of ['type_field', 'time_field'] as const) {
    const field = own[key] ?? ''
    if (field in fields) continue
    errors.push(
      new GmError('GM7006', `${key} names "${field}", which is not among the fields.`, {
        at: placeOf(['topics', name, key]),
        hint: didYouMean(field, Object.keys(fields)) ?? 'Add it below fields.',
      }),
    )
    return undefined
  }
  const taken = TOPICS.find((topic) => topic.table === own.table)
  if (taken !== undefined) {
    errors.push(
      new GmError('GM7006', `The table ${taken.table} is that of ${taken.name}.`, {
        at: placeOf(['topics', name, 'table']),
      }),
    )
    return undefined
  }
  return customTopic(name, {
    table: own.table ?? '',
    description: own.description,
    typeField: own.type_field ?? '',
    timeField: own.time_field ?? '',
    fields,
  })
}

function startOf(start: IngestFile['start']): Start {
  if (typeof start === 'string' || 'offset' in start) return start
  return { timestampMs: Date.parse(start.timestamp) }
}

const VARIABLE = /^\{\{\s*env_var\(\s*(['"])(\w+)\1\s*(?:,\s*(['"])(.*)\3\s*)?\)\s*\}\}$/

/** `"{{ env_var('NAME') }}"` becomes the variable's value; the only template that the file may hold. */
function fillIn(
  value: unknown,
  variable: ReadVariable,
  placeOf: PlaceOf,
  path: readonly PropertyKey[],
): unknown {
  if (typeof value === 'string') {
    const [, , name, , fallback] = VARIABLE.exec(value) ?? []
    if (name !== undefined) {
      const found = variable(name) ?? fallback
      if (found !== undefined) return found
      throw new GmError('GM7006', `The environment variable ${name} is not set.`, {
        at: placeOf(path),
        hint: `Set ${name}, or write it into .env beside project.yml.`,
      })
    }
    if (!value.includes('{{')) return value
    throw new GmError('GM7006', 'Only env_var() can stand here, as the whole value.', {
      at: placeOf(path),
      hint: `Write "{{ env_var('NAME') }}" or "{{ env_var('NAME', 'otherwise') }}".`,
    })
  }
  if (Array.isArray(value)) {
    return value.map((item: unknown, i) => fillIn(item, variable, placeOf, [...path, i]))
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      fillIn(inner, variable, placeOf, [...path, key]),
    ]),
  )
}

function withBrokers(value: unknown, servers: string | undefined): unknown {
  if (servers === undefined || typeof value !== 'object' || value === null) return value
  return { ...value, brokers: servers.split(',').map((server) => server.trim()) }
}

function hideSasl(kafka: KafkaConnection): KafkaConnection {
  const { sasl, ...open } = kafka
  return Object.defineProperty(open, 'sasl', { value: sasl, enumerable: false }) as KafkaConnection
}

async function readText(path: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GmError('GM7006', `${path} cannot be read.`, { hint, cause })
  }
}

async function loadReader(path: string, at: ReturnType<PlaceOf>): Promise<PayloadReader> {
  try {
    const module = await importModule(pathToFileURL(path).href)
    if (typeof module['default'] === 'function') return module['default'] as PayloadReader
  } catch (cause) {
    throw new GmError('GM7006', `${path} cannot be loaded: ${String(cause)}`, { at, cause })
  }
  throw new GmError('GM7006', `${path} has no default export that is a function.`, {
    at,
    hint: 'Export default (value, topic) => JSON text; docs/kafka.md has an example.',
  })
}
