import * as z from 'zod'
import { runKafka } from '../../../ingest/index.ts'
import { gmErrorsOf } from '../../base/error.ts'
import { explainError } from '../../engine/postgres/explain-error.ts'
import { readEnvironment } from '../../project/environment.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import { loadSettings } from '../load-settings.ts'
import { readProjectFile } from '../read-project-file.ts'
import { ingestLevel, ingestLine } from '../render/ingest-line.ts'
import { showsAt } from '../render/json-event.ts'
import { watchSignals } from '../watch-signals.ts'

const KafkaFlags = GlobalFlags.extend({ once: z.boolean().default(false) })

/** Lands the topics of ingest.yml until it is told to stop; then it finishes its transaction and leaves the group. */
export const ingestKafkaCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(KafkaFlags, raw)
  const project = loadSettings(flags, io)
  const level = flags.quiet ? 'error' : (flags.logLevel ?? project.logLevel ?? 'info')
  const signals = watchSignals(() => io.err('Finishing the transaction at hand.\n'))
  const env = readEnvironment(io.env, readProjectFile(project.root, '.env'))
  const warehouse = await connect(project, io)
  try {
    await runKafka({
      root: project.root,
      variable: (name) => env.get(name),
      onSecret: (secret) => io.addSecret(secret),
      connect: () => warehouse.clientConfig(),
      onEvent: (event) => {
        if (!showsAt(ingestLevel(event), level)) return
        const now = io.now()
        const line =
          flags.logFormat === 'json'
            ? JSON.stringify({ time: now.toISOString(), level: ingestLevel(event), ...event })
            : `${now.toISOString().slice(11, 19)}  ${ingestLine(event)}`
        io.out(`${io.safe(line)}\n`)
      },
      isOnce: flags.once,
      signal: signals.signal,
    })
    return EXIT.ok
  } catch (error) {
    if (gmErrorsOf(error) !== undefined) throw error
    throw explainError(error, { connection: warehouse.connection })
  } finally {
    signals.stop()
    await warehouse.close()
  }
}
