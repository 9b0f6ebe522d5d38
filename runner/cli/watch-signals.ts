import { EXIT } from './exit-code.ts'

/**
 * An abort signal for Ctrl-C and for a polite kill: the first one aborts, so that the work can cancel its queries and roll back;
 * the second leaves at once. Call `stop` when the work is over.
 */
export function watchSignals(onFirst: () => void): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController()
  const handle = (): void => {
    if (controller.signal.aborted) process.exit(EXIT.interrupted)
    controller.abort()
    onFirst()
  }
  process.on('SIGINT', handle)
  process.on('SIGTERM', handle)
  return {
    signal: controller.signal,
    stop: () => {
      process.removeListener('SIGINT', handle)
      process.removeListener('SIGTERM', handle)
    },
  }
}
