import { createHash } from 'node:crypto'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { recordStep } from '../state/ledger.ts'
import type { Materials } from './materialize.ts'

/** Names what an increment has run; of a full build the fingerprint says it all. */
export function incrementCode(code: {
  readonly fingerprint: string
  readonly sql?: string
}): string {
  return createHash('sha256')
    .update(`${code.fingerprint}\n${code.sql ?? ''}`)
    .digest('hex')
}

/** The ledger entry of a built node: the last statement of its last transaction. */
export function recordBuild(
  node: BuiltNode,
  code: { readonly fingerprint: string; readonly sql?: string },
  materials: Materials,
  action: string,
  isFullBuild: boolean,
): Statement {
  return recordStep({
    runId: materials.runId,
    project: materials.project,
    nodeId: node.id,
    kind: node.kind === 'model' ? (node.config.materialized ?? 'view') : node.kind,
    relation: quoted(node.relation),
    action,
    reason: materials.reason,
    fingerprint: code.fingerprint,
    // What has read an input whole has not run what its increments will.
    code: isFullBuild || materials.readAgain.size > 0 ? code.fingerprint : incrementCode(code),
    isStable: materials.isStable,
    isFullBuild,
  })
}
