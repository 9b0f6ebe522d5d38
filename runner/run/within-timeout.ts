import { GmError } from '../base/error.ts'
import type { Node } from '../manifest/node.ts'

/**
 * Does a node's work within the `timeout` of its configuration; what it does then is cancelled in the server and rolled back.
 * @throws GmError GM4014 when it takes longer.
 */
export async function withinTimeout<T>(
  node: Node | undefined,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const seconds = node?.config.timeout
  if (node === undefined || seconds === undefined) return await work(signal)
  const limit = AbortSignal.timeout(seconds * 1000)
  try {
    return await work(AbortSignal.any([signal, limit]))
  } catch (error) {
    // Whatever the cancelling led to: the time was up before.
    if (!limit.aborted || signal.aborted) throw error
    throw new GmError('GM4014', `${node.name} took longer than its timeout of ${seconds} s`, {
      at: node.at,
      hint: 'It was cancelled and rolled back. Make it cheaper, or raise timeout in its configuration.',
      cause: error,
    })
  }
}
