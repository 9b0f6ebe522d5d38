import * as z from 'zod'
import type { LandingPlace } from '../../../ingest/index.ts'
import {
  listDeadLetters,
  pruneRaw,
  replayDeadLetters,
  showDeadLetter,
} from '../../../ingest/index.ts'
import { GmError, gmErrorsOf } from '../../base/error.ts'
import { explainError } from '../../engine/postgres/explain-error.ts'
import { readEnvironment } from '../../project/environment.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { readProjectFile } from '../read-project-file.ts'
import { plural } from '../render/format.ts'
import { styleFor } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { jsonAnswer } from '../tell.ts'

const FilterFlags = GlobalFlags.extend({
  topic: z.string().optional(),
  reason: z.string().optional(),
})
const ListFlags = FilterFlags.extend({
  all: z.boolean().default(false),
  limit: z.string().regex(/^\d+$/, 'is a whole number').default('20').transform(Number),
  output: z.enum(['table', 'json'], 'is table or json').default('table'),
})
const PruneFlags = GlobalFlags.extend({
  olderThan: z
    .string({ error: 'is needed: days such as 30d' })
    .regex(/^\d{1,5}d$/, 'is a number of days such as 30d')
    .transform((text) => Number(text.slice(0, -1))),
})

/** Lists what could not be landed, the newest first. */
export const deadLettersListCommand: CommandAction = (_args, raw, io) =>
  atLanding(raw, io, async (place) => {
    const flags = parseFlags(ListFlags, raw)
    const { topic, reason } = flags
    const filter = { topic, reason, withReplayed: flags.all }
    const { letters, count } = await listDeadLetters(place, filter, flags.limit)
    if (flags.output === 'json') {
      io.out(jsonAnswer(letters, flags))
      return EXIT.ok
    }
    if (letters.length === 0) {
      io.out('There are no dead letters.\n')
      return EXIT.ok
    }
    const columns = [
      { name: 'id', type: 'int8' },
      ...['landedAt', 'place', 'reason', 'message'].map((name) => ({ name, type: 'text' })),
      ...(flags.all ? [{ name: 'replayedAt', type: 'text' }] : []),
    ]
    const rows = letters.map((letter) => ({ ...letter }))
    io.out(renderTable({ columns, rows }, { style: styleFor(io.colour), width: io.width() }))
    if (count > letters.length) io.out(`${letters.length} of ${count}; --limit shows more.\n`)
    return EXIT.ok
  })

/** Prints one dead letter: where it came from, what is wrong with it, and its bytes. */
export const deadLettersShowCommand: CommandAction = ([id], raw, io) =>
  atLanding(raw, io, async (place) => {
    const letter = await showDeadLetter(place, idOf(id))
    if (letter === undefined) {
      throw new GmError('GM1010', `there is no dead letter ${String(id)}`, {
        hint: 'gm ingest dead-letters list --all shows those there are.',
      })
    }
    io.out(`place     ${letter.place}\nreason    ${letter.reason}: ${letter.message}\n`)
    io.out(`landed    ${letter.landedAt} UTC\n`)
    if (letter.replayedAt !== null) io.out(`replayed  ${letter.replayedAt} UTC\n`)
    io.out(`bytes     ${letter.rawBytes === null ? 'none' : letter.rawBytes.length}\n\n`)
    // Control characters would do things to the terminal.
    io.out(`${(letter.rawBytes?.toString('utf8') ?? '').replace(/[^\P{Cc}\n\t]/gu, '\uFFFD')}\n`)
    return EXIT.ok
  })

/** Tries dead letters again by the rules of today. Exit code 1 when some are still no events. */
export const deadLettersReplayCommand: CommandAction = ([ids], raw, io) =>
  atLanding(raw, io, async (place) => {
    const { topic, reason } = parseFlags(FilterFlags, raw)
    const chosen = [ids ?? []].flat().map(idOf)
    const filter = { topic, reason, ids: chosen.length === 0 ? undefined : chosen }
    const { replayed, refused } = await replayDeadLetters(place, filter)
    for (const { id, message } of refused.slice(0, 20)) io.out(`${id}: ${message}\n`)
    if (refused.length > 20) io.out(`and ${refused.length - 20} more\n`)
    const still =
      refused.length === 0 ? '' : `; ${plural(refused.length, 'record')} cannot be landed still`
    io.out(`Landed ${plural(replayed, 'dead letter')}${still}.\n`)
    return refused.length === 0 ? EXIT.ok : EXIT.failed
  })

/** Drops old partitions of raw tables, which needs an archive of them. */
export const ingestPruneCommand: CommandAction = (_args, raw, io) =>
  atLanding(raw, io, async (place) => {
    const { olderThan } = parseFlags(PruneFlags, raw)
    await pruneRaw(place, olderThan)
    io.out(`No partition is older than ${plural(olderThan, 'day')}.\n`)
    return EXIT.ok
  })

async function atLanding(
  raw: unknown,
  io: Io,
  work: (place: LandingPlace) => Promise<ExitCode>,
): Promise<ExitCode> {
  const project = loadSettings(parseFlags(GlobalFlags, raw), io)
  const env = readEnvironment(io.env, readProjectFile(project.root, '.env'))
  const warehouse = await connect(project, io)
  try {
    const connection = await warehouse.clientConfig()
    return await work({ root: project.root, variable: (name) => env.get(name), connection })
  } catch (error) {
    if (gmErrorsOf(error) !== undefined) throw error
    throw explainError(error, { connection: warehouse.connection })
  } finally {
    await warehouse.close()
  }
}

function idOf(text: string | readonly string[] | undefined): number {
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text)
  throw new GmError('GM1010', `${String(text)} is no id of a dead letter`, {
    hint: 'Ids are numbers; gm ingest dead-letters list shows them.',
  })
}
