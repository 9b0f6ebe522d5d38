import { load as parseYaml } from 'js-yaml'
import * as z from 'zod'
import { GmError, throwAll } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { sample } from './read-limit.ts'
import { warnErrorOptions } from './warning-flags.ts'

const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'none'] as const
export const RESOURCE_TYPES = [
  'model',
  'seed',
  'snapshot',
  'test',
  'unit_test',
  'source',
  'analysis',
  'exposure',
] as const

/** One of a few words; the message lists them. */
function word<const Words extends readonly [string, ...string[]]>(words: Words) {
  const last = words.at(-1) ?? ''
  const list = words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
  return z.enum(words, { error: ({ input }) => `is ${list}, not "${String(input)}"` })
}

function wholeNumber(least: number, most: number, range: string) {
  return z
    .string()
    .refine((text) => /^-?\d+$/.test(text) && Number(text) >= least && Number(text) <= most, {
      error: ({ input }) => `is ${range}, not "${String(input)}"`,
    })
    .transform(Number)
}

const asOf = z.string().refine((text) => isCalendarDay(text) || isMoment(text), {
  error: ({ input }) =>
    `is a day as YYYY-MM-DD or a moment as YYYY-MM-DDTHH:MM:SSZ, not "${String(input)}"`,
})

function isCalendarDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  // February 30 becomes a day in March.
  return !Number.isNaN(day.getTime()) && day.toISOString().slice(0, 10) === text
}

function isMoment(text: string): boolean {
  const parts = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,6})?Z$/.exec(text)
  return parts !== null && isCalendarDay(parts[1] ?? '')
}

/** A moment in UTC, as dbt takes it: `2026-01-31`, `2026-01-31T06:00:00`, with a blank in place of the T as well. */
const eventTime = z
  .string()
  .transform((text) => text.replace(' ', 'T').replace(/(Z|\+00:00)?$/, ''))
  .refine((text) => isCalendarDay(text) || isMoment(`${text}Z`), {
    error: ({ input }) =>
      `is a day as YYYY-MM-DD or a moment in UTC as YYYY-MM-DDTHH:MM:SS, not "${String(input)}"`,
  })

/** Microbatch models do the batches of this span of time, and no others. */
const eventTimes = { eventTimeStart: eventTime.optional(), eventTimeEnd: eventTime.optional() }

interface EventTimeFlags {
  readonly eventTimeStart?: string | undefined
  readonly eventTimeEnd?: string | undefined
}

/** Adds what is wrong with two such flags together. */
function checkEventTimes(
  { eventTimeStart: start, eventTimeEnd: end }: EventTimeFlags,
  context: z.RefinementCtx,
): void {
  const refuse = (flag: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [flag], message })
  if (start !== undefined && end === undefined)
    refuse('eventTimeStart', 'needs --event-time-end as well')
  if (start === undefined && end !== undefined)
    refuse('eventTimeEnd', 'needs --event-time-start as well')
  if (start !== undefined && end !== undefined && eventMoment(start) >= eventMoment(end))
    refuse('eventTimeEnd', `must be later than --event-time-start ${start}`)
}

/** The span of time that checked flags name; undefined where they are not given. */
export function eventWindowOf({
  eventTimeStart: start,
  eventTimeEnd: end,
}: EventTimeFlags): { readonly start: Date; readonly end: Date } | undefined {
  if (start === undefined || end === undefined) return undefined
  return { start: eventMoment(start), end: eventMoment(end) }
}

function eventMoment(text: string): Date {
  return new Date(text.includes('T') ? `${text}Z` : `${text}T00:00:00Z`)
}

const vars = z.string().transform((text, context): Readonly<Record<string, unknown>> => {
  let value: unknown
  try {
    value = parseYaml(text)
  } catch {
    value = undefined
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    context.addIssue({ code: 'custom', message: `is a YAML mapping such as '{as_of: 2011-02-28}'` })
    return z.NEVER
  }
  return value as Readonly<Record<string, unknown>>
})

/** Flags that every command takes. */
export const GlobalFlags = z.object({
  projectDir: z.string().optional(),
  profilesDir: z.string().optional(),
  profile: z.string().optional(),
  target: z.string().optional(),
  vars: vars.optional(),
  logFormat: word(['text', 'json']).default('text'),
  /** Over BATCH_LOG_LEVEL; `info` where neither is given. */
  logLevel: word(LOG_LEVELS).optional(),
  quiet: z.boolean().default(false),
  /** Whether what templates print() is shown. */
  print: z.boolean().default(true),
  warnError: z.boolean().default(false),
  warnErrorOptions: warnErrorOptions.optional(),
  /** Over project.yml's target-path and log-path; absolute, or relative to the project. */
  targetPath: z.string().optional(),
  logPath: z.string().optional(),
  /** Whether artifacts are written. */
  writeJson: z.boolean().default(true),
})
export type GlobalFlags = z.infer<typeof GlobalFlags>

export const SelectFlags = GlobalFlags.extend({
  select: z.array(z.string()).default([]),
  exclude: z.array(z.string()).default([]),
  job: z.array(z.string()).default([]),
  /** `all` and `default` are what the command can show and what it shows unless asked. */
  resourceType: z.array(word([...RESOURCE_TYPES, 'all', 'default'])).default([]),
  excludeResourceType: z.array(word(RESOURCE_TYPES)).default([]),
  /** A selector of selectors.yml. */
  selector: z.string().optional(),
  indirectSelection: word(['eager', 'cautious', 'buildable', 'empty']).default('eager'),
  /** The folder with the artifacts of an earlier run. */
  state: z.string().optional(),
  defer: z.boolean().default(false),
  favorState: z.boolean().default(false),
  /** Over `state`, for --defer alone. */
  deferState: z.string().optional(),
})
export type SelectFlags = z.infer<typeof SelectFlags>

const RunFields = SelectFlags.extend({
  fullRefresh: z.boolean().default(false),
  fullReload: z.boolean().default(false),
  allowDestructive: z.boolean().default(false),
  storeFailures: z.boolean().default(false),
  dryRun: z.boolean().default(false),
  failFast: z.boolean().default(false),
  force: z.boolean().default(false),
  explain: z.boolean().default(false),
  threads: wholeNumber(1, 64, 'a whole number from 1 to 64').optional(),
  lock: word(['wait', 'fail']).default('wait'),
  publish: word(['atomic', 'model']).optional(),
  asOf: asOf.optional(),
  openlineage: z.string().optional(),
  ...eventTimes,
  follow: z.boolean().default(false),
  empty: z.boolean().default(false),
  sample: sample.optional(),
  tick: wholeNumber(50, 3_600_000, 'a whole number of milliseconds from 50 to 3600000').default(
    1_000,
  ),
})

export const RunFlags = RunFields.superRefine(checkEventTimes).transform(
  ({ fullReload, ...flags }) => ({
    ...flags,
    fullRefresh: flags.fullRefresh || fullReload,
  }),
)
export type RunFlags = z.infer<typeof RunFlags>

export const RetryFlags = GlobalFlags.extend({
  threads: wholeNumber(1, 64, 'a whole number from 1 to 64').optional(),
  dryRun: z.boolean().default(false),
  failFast: z.boolean().default(false),
})

export const PlanFlags = RunFields.extend({
  output: word(['text', 'json', 'markdown']).default('text'),
  sql: z.boolean().default(false),
  detailedExitcode: z.boolean().default(false),
  diff: z.boolean().default(false),
  downstream: z.boolean().default(false),
  against: z.string().optional(),
  samples: wholeNumber(0, 1_000, 'a whole number from 0 to 1000').default(3),
  limit: wholeNumber(1, 2_147_483_647, 'a whole number of rows, 1 or more').optional(),
  keep: z.boolean().default(false),
  ignoreColumns: z.array(z.string()).default([]),
})
  .superRefine(checkEventTimes)
  .transform(({ fullReload, ...flags }) => ({
    ...flags,
    fullRefresh: flags.fullRefresh || fullReload,
  }))
export type PlanFlags = z.infer<typeof PlanFlags>

export const RollbackFlags = GlobalFlags.extend({
  to: z.string().optional(),
  allowDestructive: z.boolean().default(false),
  dryRun: z.boolean().default(false),
})

export const CompileFlags = SelectFlags.extend({
  inline: z.string().optional(),
  /** Whether templates may ask the database. */
  introspect: z.boolean().default(true),
  asOf: asOf.optional(),
  ...eventTimes,
}).superRefine(checkEventTimes)

export const LsFlags = SelectFlags.extend({
  output: word(['selector', 'name', 'path', 'json']).default('selector'),
  /** Separated by blanks, as dbt takes them, or by commas. */
  outputKeys: z
    .array(z.string())
    .transform((words) => words.flatMap((word) => word.split(/[\s,]+/)).filter((key) => key !== ''))
    .default([]),
})

export const LineageFlags = GlobalFlags.extend({
  upstream: z.boolean().default(false),
  downstream: z.boolean().default(false),
  check: z.boolean().default(false),
  output: word(['text', 'json']).default('text'),
})
export type LineageFlags = z.infer<typeof LineageFlags>

export const ShowFlags = SelectFlags.omit({ job: true }).extend({
  inline: z.string().optional(),
  limit: wholeNumber(-1, 2_147_483_647, 'a whole number, or -1 for all rows').default(5),
  output: word(['table', 'json']).default('table'),
  asOf: asOf.optional(),
})

export type ShowFlags = z.infer<typeof ShowFlags>

export const DocsGenerateFlags = GlobalFlags.extend({
  compile: z.boolean().default(true),
  emptyCatalog: z.boolean().default(false),
})

export const DocsServeFlags = GlobalFlags.extend({
  host: z.string().default('127.0.0.1'),
  port: wholeNumber(0, 65_535, 'a whole number from 0 to 65535').default(8080),
})

export const IngestFlags = GlobalFlags.extend({ mapping: z.string().optional() })
export type IngestFlags = z.infer<typeof IngestFlags>

export const StateFlags = GlobalFlags.extend({ output: word(['table', 'json']).default('table') })

export const HistoryFlags = StateFlags.extend({
  limit: wholeNumber(1, 1_000_000, 'a whole number from 1').default(20),
})

export const PruneRunsFlags = GlobalFlags.extend({
  olderThan: z
    .string({ error: 'is needed: days such as 30d' })
    .regex(/^\d{1,5}d$/, 'is a number of days such as 30d')
    .transform((text) => Number(text.slice(0, -1))),
})

export const CloneFlags = SelectFlags.omit({ job: true }).extend({
  state: z.string({ error: 'is the folder of an earlier manifest.json, and must be given' }),
})

export const InitFlags = GlobalFlags.extend({
  template: word(['minimal', 'globalmart']).optional(),
  yes: z.boolean().default(false),
})

export const OperationFlags = GlobalFlags.extend({ args: vars.default({}) })

export const DepsFlags = GlobalFlags.extend({ upgrade: z.boolean().default(false) })

export const ResetFlags = GlobalFlags.extend({ yes: z.boolean().default(false) })

export const ResetProjectFlags = ResetFlags.extend({
  allowDestructive: z.boolean().default(false),
  dryRun: z.boolean().default(false),
})

/**
 * The flags of a command, checked and with their defaults.
 * @throws GmError GM1010 for each value that cannot be used, all of them together.
 */
export function parseFlags<Schema extends z.ZodType>(
  schema: Schema,
  raw: unknown,
): z.infer<Schema> {
  const parsed = schema.safeParse(withForm(schema, raw))
  if (parsed.success) return parsed.data
  throwAll(
    parsed.error.issues.map((issue) => {
      const name = String(issue.path[0] ?? '').replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)
      const given: unknown = z.record(z.string(), z.unknown()).parse(raw)[String(issue.path[0])]
      const hint =
        issue.code === 'invalid_value' && typeof given === 'string'
          ? didYouMean(given, issue.values.map(String))
          : issue.code === 'custom' && typeof issue.params?.['hint'] === 'string'
            ? issue.params['hint']
            : undefined
      return new GmError('GM1010', `--${name} ${issue.message}`, {
        hint: hint ?? `The command with --help shows what --${name} takes.`,
      })
    }),
  )
  throw parsed.error
}

/** Where an answer has a form as JSON, --log-format json asks for it unless --output names another. */
function withForm(schema: z.ZodType, raw: unknown): unknown {
  const given = z
    .looseObject({ logFormat: z.literal('json'), output: z.undefined().optional() })
    .safeParse(raw)
  // Flags that are checked together stand in front of what they become.
  const flags = schema instanceof z.ZodPipe ? schema.in : schema
  const hasForms = flags instanceof z.ZodObject && Object.hasOwn(flags.shape, 'output')
  return given.success && hasForms ? { ...given.data, output: 'json' } : raw
}
