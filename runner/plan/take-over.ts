import { GmError } from '../base/error.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { isPolling, missingMeta, pollingHistory } from '../materialize/polling-history.ts'
import type { LedgerEntry } from '../state/ledger.ts'
import type { PlanRequest } from './plan-request.ts'

/** Whether something stands behind a name that gm did not make, going by what the ledger knows of the name. */
export function isMadeByOthers(
  target: RelationState | undefined,
  entry: LedgerEntry | undefined,
): boolean {
  if (target === undefined) return false
  if (entry === undefined) return true
  // A view that gm made may have been replaced by somebody's table of the same name since, or the other way round.
  if ((entry.kind === 'view') !== (target.type === 'view')) return true
  // A table may have been dropped and made again by hand. A view holds no rows that could be lost.
  return (
    target.type !== 'view' && (entry.basis?.generation ?? target.generation) !== target.generation
  )
}

/** A history that dbt began, or gm before its ledger was lost: it cannot be made again, so gm goes on with it. */
export function isAdoptable(node: BuiltNode, target: RelationState | undefined): boolean {
  return (
    node.kind === 'snapshot' &&
    isPolling(node) &&
    target?.type === 'table' &&
    missingMeta(pollingHistory(node), target.columns).length === 0
  )
}

/**
 * Rows that were gathered run by run may be nowhere else: another kind of relation in their place has to be asked for.
 * @throws GmError GM4019
 */
export function refuseLostRows(
  node: BuiltNode,
  was: string | undefined,
  request: PlanRequest,
): void {
  const is = node.kind === 'model' ? (node.config.materialized ?? 'view') : node.kind
  if (was === undefined || was === is || request.allowDestructive) return
  if (was !== 'snapshot' && (was !== 'incremental' || request.fullRefresh)) return
  throw new GmError(
    'GM4019',
    `${quoted(node.relation)} was built as ${was} and would become ${is}: its rows would go`,
    {
      at: node.at,
      hint:
        was === 'snapshot'
          ? 'What its versions were may be known nowhere else. --allow-destructive lets them go; another name or alias keeps them.'
          : 'If its query gives them all again, run with --full-refresh; else give the model another name or alias.',
    },
  )
}
