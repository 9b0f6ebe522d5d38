import type { Compiled } from '../compile/compiled.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import type { Materialization, Materials } from '../materialize/materialize.ts'
import { buildHistory, updateHistory } from '../materialize/materialize-history.ts'
import { addRows, buildIncremental } from '../materialize/materialize-incremental.ts'
import {
  buildMaterializedView,
  refreshMaterializedView,
} from '../materialize/materialize-materialized-view.ts'
import { materializeOwn, ownStatements } from '../materialize/materialize-own.ts'
import { buildPolling, updatePolling } from '../materialize/materialize-polling.ts'
import { materializeSeed } from '../materialize/materialize-seed.ts'
import { materializeTable } from '../materialize/materialize-table.ts'
import { materializeView } from '../materialize/materialize-view.ts'
import { isPolling } from '../materialize/polling-history.ts'
import type { Decision } from './decide.ts'
import type { Foreseen, PlanRequest } from './plan-request.ts'

/** The transactions that do what was decided. */
export function chooseMaterialization(
  node: BuiltNode,
  decision: Decision,
  compiled: Compiled | undefined,
  materials: Materials,
  foreseen: Foreseen,
  own: readonly Statement[] | undefined,
): Materialization {
  if (node.kind === 'seed') return materializeSeed(node, materials)
  if (compiled === undefined) throw new Error(`${node.id} was not compiled`)
  if (node.kind === 'snapshot') {
    const [build, update] = isPolling(node)
      ? [buildPolling, updatePolling]
      : [buildHistory, updateHistory]
    return (decision.isIncremental ? update : build)(node, compiled, materials)
  }
  if (own !== undefined)
    return materializeOwn(node, compiled, materials, decision.isIncremental, own)
  switch (node.config.materialized) {
    case 'materialized_view':
      return decision.action === 'refresh materialized view'
        ? refreshMaterializedView(node, compiled, materials)
        : buildMaterializedView(node, compiled, materials)
    case 'table':
      return materializeTable(node, compiled, materials)
    case 'incremental':
      return (decision.isIncremental ? addRows : buildIncremental)(node, compiled, materials)
    default:
      return materializeView(foreseen.reshaped.has(node.id))(node, compiled, materials)
  }
}

/** The statements of a module of the project's; undefined for what gm builds itself. */
export function ownWork(
  node: BuiltNode,
  compiled: Compiled | undefined,
  { isIncremental }: Decision,
  target: RelationState | undefined,
  { own }: PlanRequest,
): readonly Statement[] | undefined {
  if (node.kind !== 'model' || compiled === undefined) return undefined
  const { materialization } = node.config
  if (materialization === undefined) return undefined
  const materializer = own?.materializers.get(materialization.name)
  if (own === undefined || materializer === undefined)
    throw new Error(`the materialization of ${node.id} was not loaded`)
  const { engine } = own
  return ownStatements(node, compiled, materializer, { isIncremental, target, engine })
}
