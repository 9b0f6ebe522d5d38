import type { Session } from '../engine/adapter.ts'
import type { RowCounts } from '../engine/statement.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { readRecorded } from '../state/ledger.ts'
import type { StepResult } from './event.ts'
import { isConnectionLost } from './is-connection-lost.ts'

/** Why a step whose connection broke counts as done. */
export const COMMITTED_BEFORE = 'it was committed before the connection was lost'

/** Why a step of a run that publishes all or nothing did not happen, though it went well. */
export const NOT_PUBLISHED = 'built, but not published'

/** The rows of a step whose connection broke, perhaps with the answer to its commit; undefined where something of it is left. */
export async function readCommitted(
  session: Session,
  runId: string,
  id: NodeId,
): Promise<RowCounts | undefined> {
  const recorded = await readRecorded(session, runId, id)
  return recorded?.hooksLeft === 0 ? recorded.counts : undefined
}

/** The results of a run in which a connection was lost, with what the database knows to be published under its own name. */
export async function asRecorded(
  results: readonly StepResult[],
  session: Session,
  { runId, manifest }: { readonly runId: string; readonly manifest: Manifest },
): Promise<readonly StepResult[]> {
  if (!results.some(isLost)) return results
  const known: StepResult[] = []
  for (const result of results) {
    const node = manifest.nodes.get(result.id)
    const isOpen = isLost(result) || result.reason === NOT_PUBLISHED
    const recorded = isOpen ? await readRecorded(session, runId, result.id) : undefined
    const isDone =
      recorded?.hooksLeft === 0 &&
      node !== undefined &&
      isBuilt(node) &&
      recorded.relation === quoted(node.relation)
    known.push(isDone ? done(result, recorded.counts) : result)
  }
  return known
}

function isLost({ status, error }: StepResult): boolean {
  return status === 'error' && isConnectionLost(error)
}

function done(result: StepResult, counts: RowCounts): StepResult {
  const { id, kind, name, action, index, startedAt, durationMs, retries } = result
  return {
    ...{ id, kind, name, action, index, startedAt, durationMs, counts },
    status: 'success',
    reason: COMMITTED_BEFORE,
    ...(retries !== undefined && { retries }),
  }
}
