import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { recordStep } from '../state/ledger.ts'
import type { Materials } from './materialize.ts'

/** The ledger entry of a built node: the last statement of its last transaction. */
export function recordBuild(
  node: BuiltNode,
  code: { readonly fingerprint: string },
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
    isFullBuild,
  })
}
