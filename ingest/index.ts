import type { ClientBase, ClientConfig } from 'pg'
import { GmError } from '../runner/base/error.ts'
import type { RunningBroker } from './broker/start-broker.ts'
import type {
  DeadLetterBytes,
  DeadLetterFilter,
  DeadLetterPage,
} from './dead-letters/list-dead-letters.ts'
import type { ReplayResult } from './dead-letters/replay-dead-letters.ts'
import type { LandFileOptions, LandFileResult } from './files/land-file.ts'
import type { FileOptions, GenerateResult } from './generate/generate-files.ts'
import type { KafkaTarget, SentResult } from './generate/generate-to-kafka.ts'
import type { RawOptions, RawResult } from './generate/generate-to-raw.ts'
import type { GenerateOptions } from './generate/options.ts'
import type { ReplayOptions } from './generate/replay-file.ts'
import type { RunKafkaOptions } from './kafka/run-kafka.ts'
import type { SendFileOptions } from './kafka/send-file.ts'

export type { LandFileOptions, LandFileResult } from './files/land-file.ts'
export type { FileOptions, GeneratedFile, GenerateResult } from './generate/generate-files.ts'
export type { SentResult } from './generate/generate-to-kafka.ts'
export type { RawResult } from './generate/generate-to-raw.ts'
export type { GenerateOptions } from './generate/options.ts'
export type { IngestEvent } from './kafka/ingest-event.ts'
export type { SendProgress } from './kafka/send-to-kafka.ts'

// What the cli imports. Everything behind it is loaded at the first call, so that commands that land
// nothing do not pay for zod, pg and yaml.

/** See `files/land-file.ts`. */
export async function landFile(options: LandFileOptions): Promise<LandFileResult> {
  const { landFile: land } = await import('./files/land-file.ts')
  return land(options)
}

/** See `generate/generate-files.ts`. */
export async function generateFiles(
  given: Partial<GenerateOptions>,
  files: FileOptions,
): Promise<GenerateResult> {
  const { generateFiles: generate } = await import('./generate/generate-files.ts')
  return generate(given, files)
}

/** See `generate/generate-to-raw.ts`. */
export async function generateToRaw(
  given: Partial<GenerateOptions>,
  options: RawOptions,
): Promise<RawResult> {
  const { generateToRaw: generate } = await import('./generate/generate-to-raw.ts')
  return generate(given, options)
}

/** See `generate/generate-to-kafka.ts`. */
export async function generateToKafka(
  given: Partial<GenerateOptions>,
  perSecond: number,
  target: KafkaTarget,
): Promise<SentResult> {
  const { generateToKafka: generate } = await import('./generate/generate-to-kafka.ts')
  return generate(given, perSecond, target)
}

/** See `generate/generate-to-kafka.ts`. */
export async function replayToKafka(
  replayed: Omit<ReplayOptions, 'startMs' | 'onRefused'>,
  target: KafkaTarget,
): Promise<SentResult & { readonly refused: number }> {
  const { replayToKafka: replay } = await import('./generate/generate-to-kafka.ts')
  return replay(replayed, target)
}

/**
 * See `land/prepare-landing.ts`. Does nothing where none of the tables is one that events land in, or where somebody else has made
 * them all: others have a schema `raw` of their own.
 * @param tables of schema `raw` that somebody is about to read
 */
export async function prepareLanding(client: ClientBase, tables: readonly string[]): Promise<void> {
  const { TOPICS } = await import('./topics/registry.ts')
  const read = TOPICS.flatMap(({ table }) => (tables.includes(table) ? [table] : []))
  if (read.length === 0) return
  const { prepareLanding: prepare } = await import('./land/prepare-landing.ts')
  await prepare(client, [], read)
}

/** The JSON Schema of a mapping file, for editors. */
export async function mappingSchema(): Promise<unknown> {
  return (await import('./json-schemas.ts')).mappingSchema()
}

/** Every topic that can be landed, with its table in the schema `raw`. */
export async function landingTopics(): Promise<
  readonly { name: string; description: string; schema: string; table: string }[]
> {
  const { TOPICS } = await import('./topics/registry.ts')
  return TOPICS.map(({ name, description, table }) => ({ name, description, schema: 'raw', table }))
}

/** The JSON Schema of `ingest.yml`, for editors. */
export async function ingestSchema(): Promise<unknown> {
  return (await import('./json-schemas.ts')).ingestSchema()
}

/** The JSON Schema of a topic's events, for those who produce them; undefined where gm brings no such topic. */
export async function topicSchema(name: string): Promise<unknown> {
  return (await import('./json-schemas.ts')).topicSchema(name)
}

/** See `kafka/run-kafka.ts`. */
export async function runKafka(options: RunKafkaOptions): Promise<void> {
  const { runKafka: run } = await import('./kafka/run-kafka.ts')
  await run(options)
}

/** What the commands on landed rows need: where they are, and which topics there may be. */
export interface LandingPlace {
  /** Folder of project.yml. */
  readonly root: string
  readonly variable: (name: string) => string | undefined
  readonly connection: ClientConfig
}

/** See `dead-letters/list-dead-letters.ts`. */
export async function listDeadLetters(
  place: LandingPlace,
  filter: DeadLetterFilter,
  limit: number,
): Promise<DeadLetterPage> {
  const { listDeadLetters: list } = await import('./dead-letters/list-dead-letters.ts')
  const { withLanding } = await import('./land/with-landing.ts')
  return withLanding(place.connection, [], (client) => list(client, filter, limit))
}

/** See `dead-letters/list-dead-letters.ts`. */
export async function showDeadLetter(
  place: LandingPlace,
  id: number,
): Promise<DeadLetterBytes | undefined> {
  const { showDeadLetter: show } = await import('./dead-letters/list-dead-letters.ts')
  const { withLanding } = await import('./land/with-landing.ts')
  return withLanding(place.connection, [], (client) => show(client, id))
}

/** See `dead-letters/replay-dead-letters.ts`. */
export async function replayDeadLetters(
  { root, variable, connection }: LandingPlace,
  filter: DeadLetterFilter,
): Promise<ReplayResult> {
  const [{ allPlans }, { replayDeadLetters: replay }, { withLanding }] = await Promise.all([
    import('./config/all-plans.ts'),
    import('./dead-letters/replay-dead-letters.ts'),
    import('./land/with-landing.ts'),
  ])
  const plans = await allPlans(root, variable)
  const topics = [...plans.values()].map(({ topic }) => topic)
  return withLanding(connection, topics, (client) => replay(client, filter, plans))
}

/** See `land/prune.ts`. @throws GmError GM7012 where there is something to drop */
export async function pruneRaw(place: LandingPlace, days: number): Promise<void> {
  const { findPrunable, refusePrune } = await import('./land/prune.ts')
  const { withLanding } = await import('./land/with-landing.ts')
  refusePrune(await withLanding(place.connection, [], (client) => findPrunable(client, days)))
}

/** See `kafka/send-file.ts`. */
export async function sendFile(options: SendFileOptions): Promise<number> {
  const { sendFile: send } = await import('./kafka/send-file.ts')
  return send(options)
}

/** Records that a topic has taken so far, all partitions together. */
export async function topicEnd(address: string, topic: string): Promise<number> {
  const { connectKafka } = await import('./kafka/kafkajs-broker.ts')
  const kafka = { brokers: [address], clientId: 'gm', tls: false, sasl: undefined }
  const broker = connectKafka(kafka, () => undefined)
  try {
    const ranges = await broker.ranges(topic)
    return [...ranges.values()].reduce((sum, { high }) => sum + high, 0)
  } finally {
    await broker.close()
  }
}

/**
 * Starts a Kafka broker for trying things out, see `broker/start-broker.ts`.
 * @throws GmError GM7007 where there is no Java, and where it does not come up
 */
export async function startKafkaBroker(at: {
  readonly pom: string
  readonly cache: string
  readonly folder: string
}): Promise<RunningBroker> {
  const [{ fetchJars, missingJava }, { startBroker }] = await Promise.all([
    import('./broker/fetch-jars.ts'),
    import('./broker/start-broker.ts'),
  ])
  const missing = await missingJava()
  if (missing !== undefined) {
    throw new GmError('GM7007', `no Kafka broker can be started here: ${missing}`, {
      hint: 'Install Java 17 and Maven, or use a broker of your own: docker compose up -d kafka, then gm ingest kafka.',
    })
  }
  return startBroker({ jars: await fetchJars(at.pom, at.cache), folder: at.folder })
}
