import { relative, resolve } from 'node:path'
import { landFile } from '../../../ingest/index.ts'
import { gmErrorsOf } from '../../base/error.ts'
import { explainError } from '../../engine/postgres/explain-error.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { IngestFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import { formatDuration, plural } from '../render/format.ts'
import { tell } from '../tell.ts'
import { watchSignals } from '../watch-signals.ts'

/** Lands files one after the other, each in one transaction; what landed before a failure stays. */
export const ingestFileCommand: CommandAction = async ([topic, paths], raw, io) => {
  const flags = parseFlags(IngestFlags, raw)
  const project = loadSettings(flags, io)
  const signals = watchSignals(() => io.err('Cancelling; nothing of this file is kept.\n'))
  const warehouse = await connect(project, io)
  try {
    const connection = await warehouse.clientConfig()
    for (const path of [paths ?? []].flat()) {
      const result = await landFile({
        connection,
        topic: String(topic),
        path: resolve(io.cwd, path),
        mapping: flags.mapping === undefined ? undefined : resolve(io.cwd, flags.mapping),
        signal: signals.signal,
      })
      tellLanded(result, path, flags, io)
    }
    return EXIT.ok
  } catch (error) {
    if (signals.signal.aborted) return EXIT.interrupted
    if (gmErrorsOf(error) !== undefined) throw error
    throw explainError(error, { connection: warehouse.connection })
  } finally {
    signals.stop()
    await warehouse.close()
  }
}

function tellLanded(
  result: Awaited<ReturnType<typeof landFile>>,
  path: string,
  flags: IngestFlags,
  io: Io,
): void {
  const dead = result.deadLetters === 0 ? '' : `, ${plural(result.deadLetters, 'dead letter')}`
  const file = relative(io.cwd, resolve(io.cwd, path))
  const counts = `${plural(result.lines, 'line')}, ${plural(result.events, 'event')}${dead}`
  const text =
    result.status === 'already-landed'
      ? `${file}: landed before (${counts}); nothing was added.\n`
      : `${file} -> ${result.table}: ${counts} in ${formatDuration(result.durationMs)}\n`
  tell('landed', result, text, flags, io)
}
