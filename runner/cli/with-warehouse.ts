import type { Project } from '../project/project.ts'
import type { OpenWarehouse } from './connect.ts'
import { connect } from './connect.ts'
import type { ExitCode } from './exit-code.ts'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'
import { watchSignals } from './watch-signals.ts'

/**
 * Does a command's work with the project's database, and leaves it in order: the first interrupt aborts the signal, so
 * that queries are cancelled and rolled back, and the exit code says so. Signals are watched before connecting, which may
 * start a server.
 * @throws what `connect` and the work throw, unless the user has interrupted them.
 */
export async function withWarehouse(
  project: Project,
  io: Io,
  work: (warehouse: OpenWarehouse, signal: AbortSignal) => Promise<ExitCode>,
  onInterrupt: () => void = () => undefined,
): Promise<ExitCode> {
  const { signal, stop } = watchSignals(onInterrupt)
  try {
    const warehouse = await connect(project, io)
    try {
      return await work(warehouse, signal)
    } finally {
      await warehouse.close()
    }
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stop()
  }
}
