import { join, relative, resolve } from 'node:path'
import * as z from 'zod'
import type {
  GenerateOptions,
  GenerateResult,
  RawResult,
  SendProgress,
} from '../../../ingest/index.ts'
import {
  generateFiles,
  generateToKafka,
  generateToRaw,
  replayToKafka,
} from '../../../ingest/index.ts'
import { GmError, gmErrorsOf } from '../../base/error.ts'
import { explainError } from '../../engine/postgres/explain-error.ts'
import { readEnvironment } from '../../project/environment.ts'
import { packageFolder } from '../../project/package-folder.ts'
import type { Project } from '../../project/project.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { readProjectFile } from '../read-project-file.ts'
import { formatDuration, plural } from '../render/format.ts'
import { tell } from '../tell.ts'
import { watchSignals } from '../watch-signals.ts'

/** The text of a number; whether it is in range is the generator's to say. */
const number = z
  .string()
  .refine((text) => text.trim() !== '' && Number.isFinite(Number(text)), {
    error: ({ input }) => `is a number, not "${String(input)}"`,
  })
  .transform(Number)

const mix = z
  .string()
  .regex(/^\d+(\.\d+)?(:\d+(\.\d+)?){2}$/, {
    error: ({ input }) => `is views:cart:transactions, such as 60:30:10, not "${String(input)}"`,
  })
  .transform((text) => {
    const [views = 0, cart = 0, transactions = 0] = text.split(':').map(Number)
    return { views, cart, transactions }
  })

const SINKS = ['files', 'kafka', 'raw'] as const

const GenerateFlags = GlobalFlags.extend({
  to: z
    .enum(SINKS, { error: ({ input }) => `is files, kafka or raw, not "${String(input)}"` })
    .default('files'),
  out: z.string().optional(),
  batches: number.optional(),
  gzip: z.boolean().optional(),
  rate: number.optional(),
  replay: z.string().optional(),
  timeFactor: number.optional(),
  mapping: z.string().optional(),
})
type GenerateFlags = z.infer<typeof GenerateFlags>

/** What each flag is for; given to another sink it would do nothing, and is refused. */
const ONLY: readonly (readonly [keyof GenerateFlags, string, (typeof SINKS)[number]])[] = [
  ['out', '--out', 'files'],
  ['batches', '--batches', 'files'],
  ['gzip', '--gzip', 'files'],
  ['rate', '--rate', 'kafka'],
  ['replay', '--replay', 'kafka'],
]

/** Document 002's default. */
const USUAL_RATE = 50
const USUAL_MAPPING = 'ingest/mappings/online-retail.yml'

const Settings = z.object({
  system: z
    .enum(['globalmart', 'medallion', 'learning'], {
      error: ({ input }) => `is globalmart, medallion or learning, not "${String(input)}"`,
    })
    .optional(),
  seed: number.optional(),
  events: number.optional(),
  start: z.string().optional(),
  days: number.optional(),
  users: number.optional(),
  products: number.optional(),
  mix: mix.optional(),
  guests: number.optional(),
  returns: number.optional(),
  duplicates: number.optional(),
  late: number.optional(),
  disordered: number.optional(),
  badJson: number.optional(),
  missingField: number.optional(),
  blankField: number.optional(),
})

interface Asked {
  readonly flags: GenerateFlags
  readonly settings: Partial<GenerateOptions>
  readonly project: Project
  readonly signal: AbortSignal
  readonly io: Io
}

/** Generates a system's events: to files that `gm ingest file` lands, to Kafka, or straight to the raw tables. */
export const generateCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(GenerateFlags, raw)
  refuseMisplaced(flags)
  const project = loadSettings(flags, io)
  const { perSecond, ...fromEnvironment } = project.generator
  const given = { ...present(fromEnvironment), ...present(z.looseObject({}).parse(raw)) }
  const settings = present(parseFlags(Settings, given))
  const { signal, stop } = watchSignals(() => io.err('Cancelling.\n'))
  const asked = { flags, settings, project, signal, io }
  try {
    if (flags.to === 'files') await toFiles(asked)
    else if (flags.to === 'raw') await toRaw(asked)
    else if (flags.replay !== undefined) await replay(asked, flags.replay)
    else await toKafka(asked, flags.rate ?? rateOf(perSecond))
    return EXIT.ok
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stop()
  }
}

function refuseMisplaced(flags: GenerateFlags): void {
  for (const [key, flag, sink] of ONLY) {
    if (flags[key] === undefined || flags.to === sink) continue
    throw new GmError('GM1010', `${flag} is for --to ${sink}, not for --to ${flags.to}`)
  }
  if (flags.to === 'files' && flags.out === undefined) {
    throw new GmError('GM1010', '--out is needed: the folder to write to', {
      hint: 'For events that are not to be files, give --to kafka or --to raw.',
    })
  }
  for (const [value, flag] of [
    [flags.timeFactor, '--time-factor'],
    [flags.mapping, '--mapping'],
  ] as const) {
    if (value !== undefined && flags.replay === undefined) {
      throw new GmError('GM1010', `${flag} is for --replay`)
    }
  }
}

function rateOf(fromEnvironment: string | undefined): number {
  if (fromEnvironment === undefined) return USUAL_RATE
  const parsed = number.safeParse(fromEnvironment)
  if (parsed.success) return parsed.data
  throw new GmError('GM1010', `DATA_GEN_EVENTS_PER_SECOND is a number, not "${fromEnvironment}"`)
}

async function toFiles({ flags, settings, signal, io }: Asked): Promise<void> {
  const result = await generateFiles(settings, {
    folder: resolve(io.cwd, flags.out ?? '.'),
    batches: flags.batches,
    gzip: flags.gzip,
    signal,
  })
  tellGenerated(result, flags, io, () => [
    ...result.files.map(({ path, lines, sizeBytes }) => {
      const size = `${(sizeBytes / 1e6).toFixed(1)} MB`
      return `${relative(io.cwd, path)}: ${plural(lines, 'event')}, ${size}`
    }),
    `Generated ${howMany(result.lines, result.durationMs)}.`,
    dirtLine(result),
  ])
}

async function toRaw({ flags, settings, project, signal, io }: Asked): Promise<void> {
  const warehouse = await connect(project, io)
  try {
    const connection = await warehouse.clientConfig()
    const result = await generateToRaw(settings, { connection, signal })
    tellGenerated(result, flags, io, () =>
      result.status === 'already-landed'
        ? ['These events were landed before; nothing was added.']
        : [
            ...result.tables.map(({ table, events, deadLetters }) => {
              const dead = deadLetters === 0 ? '' : `, ${plural(deadLetters, 'dead letter')}`
              return `${table}: ${plural(events, 'event')}${dead}`
            }),
            `Generated and landed ${howMany(result.lines, result.durationMs)}.`,
            dirtLine(result),
          ],
    )
  } catch (error) {
    if (signal.aborted || gmErrorsOf(error) !== undefined) throw error
    throw explainError(error, { connection: warehouse.connection })
  } finally {
    await warehouse.close()
  }
}

async function toKafka(asked: Asked, perSecond: number): Promise<void> {
  const { flags, settings, io } = asked
  const result = await generateToKafka(settings, perSecond, kafkaTarget(asked))
  tellGenerated(result, flags, io, () => [`Sent ${howMany(result.events, result.durationMs)}.`])
}

async function replay(asked: Asked, path: string): Promise<void> {
  const { flags, io } = asked
  const mapping =
    flags.mapping === undefined
      ? join(packageFolder(), USUAL_MAPPING)
      : resolve(io.cwd, flags.mapping)
  const timeFactor = flags.timeFactor ?? 1
  const replayed = { path: resolve(io.cwd, path), mapping, timeFactor }
  const result = await replayToKafka(replayed, kafkaTarget(asked))
  tellGenerated(result, flags, io, () => [
    `Sent ${howMany(result.events, result.durationMs)}.`,
    ...(result.refused === 0
      ? []
      : [`Left out ${plural(result.refused, 'line')} that are no events.`]),
  ])
}

function kafkaTarget({ flags, project, signal, io }: Asked): Parameters<typeof generateToKafka>[2] {
  const env = readEnvironment(io.env, readProjectFile(project.root, '.env'))
  return {
    root: project.root,
    variable: (name) => env.get(name),
    onSecret: (secret) => io.addSecret(secret),
    onProgress: (progress) => {
      tellGenerated(progress, flags, io, () => [progressLine(progress, io.now())])
    },
    signal,
  }
}

/** Without the keys that have no value: a flag that is not given must not hide the environment. */
function present<Given extends object>(
  given: Given,
): { [Key in keyof Given]: NonNullable<Given[Key]> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Given]: NonNullable<Given[Key]>
  }
}

function tellGenerated(
  result: GenerateResult | RawResult | SendProgress,
  flags: GenerateFlags,
  io: Io,
  lines: () => readonly string[],
): void {
  tell(
    'generated',
    result,
    lines()
      .map((line) => `${line}\n`)
      .join(''),
    flags,
    io,
  )
}

/** What was sent since the last such line. */
function progressLine({ events, byTopic, durationMs }: SendProgress, now: Date): string {
  const topics = Object.entries(byTopic).map(([topic, count]) => `${topic} ${count}`)
  const time = now.toISOString().slice(11, 19)
  return `${time}  sent ${howMany(events, durationMs)}: ${topics.join(', ') || 'nothing was due'}`
}

function howMany(events: number, durationMs: number): string {
  const seconds = Math.max(durationMs / 1000, 0.001)
  return (
    `${plural(events, 'event')} in ${formatDuration(durationMs)} ` +
    `(${Math.round(events / seconds)} a second)`
  )
}

/** What is wrong with the generated events on purpose. */
function dirtLine(result: GenerateResult | RawResult): string {
  const parts = [
    `${result.duplicates} sent twice`,
    `${result.late} late by hours or days`,
    `${result.disordered} out of order by seconds`,
    `${result.badJson} no JSON`,
    `${result.missingField} without a field that must be there`,
    `${result.blankField} without one that may be missing`,
  ]
  return `Of these ${parts.join(', ')}.`
}
