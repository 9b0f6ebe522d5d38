import * as z from 'zod'

/** Kinds of fields that a topic of one's own may declare; their bounds are those of `topics/fields.ts`. */
export const FIELD_KINDS = [
  'id',
  'text',
  'integer',
  'number',
  'amount',
  'price',
  'boolean',
  'timestamp',
] as const

const name = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'letters, digits and _ only')
const table = z
  .string()
  .max(40, 'at most 40 characters, so that the names of partitions fit')
  .regex(/^[a-z_][a-z0-9_]*$/, 'lower-case letters, digits and _ only')
const isoMoment = z.iso.datetime({
  offset: true,
  error: 'a moment such as 2026-01-31T00:00:00Z, in quotes',
})

/** Where a partition begins that was never landed from. */
const start = z.union([
  z.enum(['earliest', 'latest']),
  z.strictObject({ offset: z.int().min(0) }),
  z.strictObject({ timestamp: isoMoment }),
])

const policies = {
  start: start.optional(),
  on_out_of_range: z.enum(['stop', 'earliest', 'latest']).optional(),
  on_recreated: z.enum(['stop', 'earliest']).optional(),
}

const field = z.union([
  z.enum(FIELD_KINDS),
  z.strictObject({ type: z.enum(FIELD_KINDS), required: z.boolean().default(false) }),
  z.strictObject({ values: z.array(z.string()).min(1), required: z.boolean().default(false) }),
])

const topic = z.strictObject({
  ...policies,
  /** Only for topics that gm does not bring, as all below up to `fields`. */
  table: table.optional(),
  description: z.string().optional(),
  type_field: name.optional(),
  time_field: name.optional(),
  fields: z.record(name, field).optional(),
  /** Field by which producers key their messages: an event with another key becomes a dead letter. */
  key: name.optional(),
  /** Creates the topic with so many partitions where the broker does not have it. */
  partitions: z.int().min(1).max(10_000).optional(),
  /** Module whose default export turns a message into JSON text, see docs/kafka.md. */
  reader: z.string().optional(),
})

const sasl = z.strictObject({
  mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']),
  username: z.string().min(1),
  password: z.string().min(1),
})

const tls = z.union([
  z.boolean(),
  z.strictObject({
    ca_file: z.string().optional(),
    cert_file: z.string().optional(),
    key_file: z.string().optional(),
  }),
])

/** `ingest.yml`: what is landed from Kafka, and how. */
export const IngestFile = z.strictObject({
  brokers: z.array(z.string().regex(/^[^:\s]+:\d+$/, 'host:port')).min(1),
  client_id: z.string().min(1).default('gm-ingest'),
  /** `single`: one ingestor works, others wait to take over. `shared`: they divide the partitions. */
  mode: z.enum(['single', 'shared']).default('single'),
  /** Name of the consumer group, and of the lock of `single`. */
  group: z.string().min(1).default('gm-ingest'),
  tls: tls.default(false),
  sasl: sasl.optional(),
  start: start.default('earliest'),
  on_out_of_range: z.enum(['stop', 'earliest', 'latest']).default('stop'),
  on_recreated: z.enum(['stop', 'earliest']).default('stop'),
  /** Rows of one transaction at most. */
  max_rows: z.int().min(1).max(20_000).default(20_000),
  health: z
    .strictObject({
      port: z.int().min(0).max(65_535),
      host: z.string().default('127.0.0.1'),
    })
    .optional(),
  topics: z.record(z.string(), topic.nullable()),
})

export type IngestFile = Readonly<z.infer<typeof IngestFile>>
export type TopicFile = z.infer<typeof topic>
export type FieldFile = z.infer<typeof field>

/** All keys, for the nearest one to a misspelt key. */
export const INGEST_KEYS: readonly string[] = [
  ...Object.keys(IngestFile.shape),
  ...Object.keys(topic.shape),
  ...Object.keys(sasl.shape),
  ...['ca_file', 'cert_file', 'key_file', 'port', 'host', 'offset', 'timestamp'],
  ...['type', 'values', 'required'],
]
