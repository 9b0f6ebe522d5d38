import type { Compiled } from '../compile/compiled.ts'
import type { BuiltNode, Manifest, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { isOurView } from '../materialize/dependent-views.ts'
import type { Materials } from '../materialize/materialize.ts'
import type { PlanRequest, Warehouse } from './plan-request.ts'

/** What differs between a node that is built in one go and one that is built batch by batch. */
type OfTheWay = Pick<
  Materials,
  | 'marked'
  | 'readAgain'
  | 'follows'
  | 'eventTimes'
  | 'keyReaders'
  | 'otherParts'
  | 'isStable'
  | 'isOtherCode'
  | 'reason'
  | 'shape'
  | 'remade'
>

/** All that a materialization is told besides the node and its SQL. */
export function materialsOf(
  node: BuiltNode,
  compiled: Compiled | undefined,
  request: PlanRequest,
  warehouse: Warehouse,
  ofTheWay: OfTheWay,
): Materials {
  const name = quoted(node.relation)
  return {
    runId: request.runId,
    project: request.manifest.project,
    at: node.at,
    target: warehouse.relations.get(name),
    revision: warehouse.ledger.entries.get(name)?.revision ?? '0',
    // Who asks for all of it gets all of it.
    look:
      request.reuse === 'none' || request.fullRefresh
        ? undefined
        : warehouse.ledger.entries.get(name)?.look,
    withParts: new Set(
      ofTheWay.follows.filter((input) => warehouse.relations.get(input)?.hasParts === true),
    ),
    lockable: compiled === undefined ? [] : lockable(compiled, request.manifest, warehouse, node),
    allowDestructive: request.allowDestructive,
    isOurs: (view) => isOurView(view, warehouse.ledger.entries),
    ...ofTheWay,
  }
}

/** Inputs to lock, in name order. One that does not exist is left out: the user's own SQL then gives the better error. */
function lockable(
  compiled: Compiled,
  manifest: Manifest,
  warehouse: Warehouse,
  node: BuiltNode,
): readonly Relation[] {
  const own = quoted(node.relation)
  return compiled.inputs
    .filter(({ id, relation }) => {
      if (quoted(relation) === own) return false
      const input = manifest.nodes.get(id)
      // Cannot be locked; what stands there now may be a table that this run replaces.
      if (input?.kind === 'model' && input.config.materialized === 'materialized_view') return false
      const state = warehouse.relations.get(quoted(relation))
      if (state !== undefined) return ['table', 'view', 'partitioned table'].includes(state.type)
      return input !== undefined && isBuilt(input)
    })
    .map(({ relation }) => relation)
    .sort((a, b) => (quoted(a) < quoted(b) ? -1 : 1))
}
