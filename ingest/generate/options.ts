import * as z from 'zod'
import { GmError, throwAll } from '../../runner/base/error.ts'
import type { Random } from './random.ts'
import { createRandom, hash } from './random.ts'

const DAY_MS = 86_400_000

function whole(least: number, most: number) {
  const wrong = `a whole number from ${least} to ${most}`
  return z.int(wrong).min(least, wrong).max(most, wrong)
}

const SHARE = 'a share from 0 to 1'
const rate = z.number(SHARE).min(0, SHARE).max(1, SHARE)

/** What to do about a setting that cannot be used. */
export const LISTED = '`gm generate --help` lists what each setting takes.'

const SYSTEM_NAMES = ['globalmart', 'medallion', 'learning'] as const

const schema = z.strictObject({
  /** Whose events. */
  system: z.enum(SYSTEM_NAMES, `one of ${SYSTEM_NAMES.join(', ')}`).default('globalmart'),
  /** The same seed, and the same of all other options, gives the same bytes. */
  seed: whole(0, 2 ** 32 - 1).default(1),
  /** Events that happen; duplicates come on top. */
  events: whole(1, 1_000_000_000).default(100_000),
  /** The first day, UTC. */
  start: z.iso.date('a day as YYYY-MM-DD').default('2025-01-01'),
  days: whole(1, 3_660).default(60),
  users: whole(1, 10_000_000).default(10_000),
  products: whole(1, 250_000).default(1_000),
  /** Shares of the three topics, in any unit. */
  mix: z
    .strictObject({
      views: z.number().min(0),
      cart: z.number().min(0),
      transactions: z.number().min(0),
    })
    .refine(
      ({ views, cart, transactions }) => views + cart + transactions > 0,
      'at least one share above 0',
    )
    .default({ views: 60, cart: 30, transactions: 10 }),
  /** Share of the sessions whose user is not known. */
  guests: rate.default(0.08),
  /** Share of the lines bought at full price that come back, days later. */
  returns: rate.default(0.05),
  /** Share of the events that are sent a second time, seconds to days later. */
  duplicates: rate.default(0.005),
  /** Share of the events that are sent an hour to three days after they happened. */
  late: rate.default(0.01),
  /** Share of the events that are sent up to two minutes late, behind younger ones. */
  disordered: rate.default(0.02),
  /** Share of the events that are no JSON when they are sent; they become dead letters. */
  badJson: rate.default(0.0005),
  /** Share of the events without a field that must be there; they become dead letters. */
  missingField: rate.default(0.0005),
  /** Share of the events without a field that may be missing; they are landed. */
  blankField: rate.default(0.002),
})

/** A shop that is open now: so many events a second from this moment on, without an end. */
export interface Live {
  readonly startMs: number
  readonly perSecond: number
}

/** What to generate. */
export type GenerateOptions = Readonly<z.infer<typeof schema>> & {
  /** Instead of `events`, `start` and `days`. */
  readonly live?: Live | undefined
}

/**
 * Options with defaults for what is not given.
 * @throws GmError or GmErrors GM7004, one for each value that cannot be used.
 */
export function readOptions({ live, ...given }: Partial<GenerateOptions>): GenerateOptions {
  const parsed = schema.safeParse(given)
  if (parsed.success) return { ...parsed.data, live }
  throwAll(
    parsed.error.issues.map(({ path, message }) => {
      const value = given[path[0] as keyof typeof given]
      const hint =
        message === SHARE && typeof value === 'number' && value > 1 && value <= 100
          ? `A share is part of 1: ${value} % are ${value / 100}.`
          : LISTED
      return new GmError(
        'GM7004',
        `${path.join('.')} is ${message}, not ${JSON.stringify(value)}`,
        {
          hint,
        },
      )
    }),
  )
  throw parsed.error
}

/** A live shop has been open for so long when anybody begins to listen: visits are under way. */
export const OPEN_BEFORE_MS = 10 * 60_000
const LIVE_DAYS = 3_660

/** The moments at which the generated time begins and ends, in milliseconds of Unix time. */
export function spanOf({ start, days, live }: GenerateOptions): { startMs: number; endMs: number } {
  if (live !== undefined) {
    return { startMs: live.startMs - OPEN_BEFORE_MS, endMs: live.startMs + LIVE_DAYS * DAY_MS }
  }
  const startMs = Date.parse(`${start}T00:00:00Z`)
  return { startMs, endMs: startMs + days * DAY_MS }
}

/** Whether it happened in a live shop before anybody listened: nobody is told of it, then or later. */
export function isUnheard({ live }: GenerateOptions, atMs: number): boolean {
  return live !== undefined && atMs < live.startMs
}

/** The numbers that what happens is drawn from; other days have others. */
export function randomOf(options: GenerateOptions): Random {
  const { startMs } = spanOf(options)
  return createRandom(hash(options.seed, options.live === undefined ? startMs / DAY_MS : startMs))
}
