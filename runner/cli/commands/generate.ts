import { relative, resolve } from 'node:path'
import { z } from 'zod'
import type { GenerateResult } from '../../../ingest/index.ts'
import { generateFiles } from '../../../ingest/index.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { formatDuration, plural } from '../render/format.ts'
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

const GenerateFlags = GlobalFlags.extend({
  out: z.string({ error: 'is needed: the folder to write to' }),
  batches: number.optional(),
  gzip: z.boolean().default(false),
})

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

/** Writes a system's generated events to files that `gm ingest file` lands. */
export const generateCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(GenerateFlags, raw)
  const fromEnvironment = loadSettings(flags, io).generator
  const given = { ...present(fromEnvironment), ...present(z.looseObject({}).parse(raw)) }
  const { signal, stop } = watchSignals(() => io.err('Cancelling.\n'))
  try {
    const result = await generateFiles(present(parseFlags(Settings, given)), {
      folder: resolve(io.cwd, flags.out),
      batches: flags.batches,
      gzip: flags.gzip,
      signal,
    })
    tell(result, flags, io)
    return EXIT.ok
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stop()
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

function tell(result: GenerateResult, flags: GlobalFlags, io: Io): void {
  if (flags.logFormat === 'json') {
    const entry = { time: io.now().toISOString(), level: 'info', type: 'generated', ...result }
    io.out(`${JSON.stringify(entry)}\n`)
    return
  }
  if (flags.quiet) return
  for (const { path, lines, sizeBytes } of result.files) {
    const size = `${(sizeBytes / 1e6).toFixed(1)} MB`
    io.out(`${relative(io.cwd, path)}: ${plural(lines, 'event')}, ${size}\n`)
  }
  const seconds = Math.max(result.durationMs / 1000, 0.001)
  io.out(
    `Generated ${plural(result.lines, 'event')} in ${formatDuration(result.durationMs)} ` +
      `(${Math.round(result.lines / seconds)} a second).\n${dirtLine(result)}\n`,
  )
}

/** What is wrong with the generated events on purpose. */
function dirtLine(result: GenerateResult): string {
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
