import type { BatchContext, CompileState } from '../compile/compiled.ts'
import type { Node, NodeId, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { rowsSince } from '../state/event-time.ts'
import { allKeys, changedKeys, keyColumns } from '../state/key-log.ts'
import { newRows, VERSION_XID_COLUMN } from '../state/marks.ts'
import { eventTimeOf, isRebuiltWhole } from './follow-inputs.ts'
import { isMicrobatch } from './microbatch-work.ts'
import type { PlanRequest, ReadLimit, Warehouse } from './plan-request.ts'

/**
 * What a template is rendered with: its inputs whole, or what is new in them.
 * @param readAgain quoted names of inputs that an incremental step reads whole.
 */
export function compileState(
  node: Node,
  isIncremental: boolean,
  request: PlanRequest,
  warehouse: Warehouse,
  readAgain: ReadonlySet<string> = new Set(),
): CompileState {
  const { limit } = request
  return {
    // Tests look at what was built, and not at a part of it.
    ...(limit !== undefined &&
      isBuilt(node) && {
        isPart: true,
        ...(isMicrobatch(node) && { batch: partAsBatch(limit) }),
        ...(limit.window === undefined ? { isEmpty: true } : { window: limit.window }),
      }),
    isIncremental,
    isUnderContract: true,
    isFullRefresh: request.fullRefresh,
    invocationId: request.runId,
    vars: request.vars,
    ...(request.runQuery === undefined ? {} : { runQuery: request.runQuery }),
    changes: (inputId: NodeId, relation: Relation, columnsOf?: 'versions') => {
      const input = request.manifest.nodes.get(inputId)
      const name = quoted(relation)
      if (!isIncremental || !isBuilt(node) || readAgain.has(name)) return name
      if (input !== undefined && isBuilt(input) && isRebuiltWhole(input))
        return `(select * from ${name} where false)`
      // A batch reads by its own times, and no later than that is asked what came.
      const by =
        input === undefined || isMicrobatch(node) ? undefined : eventTimeOf(input, warehouse)
      if (by !== undefined) return rowsSince(quoted(node.relation), name, by)
      return newRows(quoted(node.relation), name, {
        hasParts: warehouse.ledger.hasNewParts && warehouse.relations.get(name)?.hasParts === true,
        ...(columnsOf === 'versions' && { column: VERSION_XID_COLUMN }),
      })
    },
    changedKeys: (inputId, relation, columns, columnsOf) => {
      const input = request.manifest.nodes.get(inputId)
      const name = quoted(relation)
      if (!isIncremental || !isBuilt(node) || readAgain.has(name)) return allKeys(name, columns)
      if (input !== undefined && isBuilt(input) && isRebuiltWhole(input))
        return `(select ${keyColumns(columns)} from ${name} where false)`
      return changedKeys(
        quoted(node.relation),
        name,
        columns,
        columnsOf === 'versions' ? VERSION_XID_COLUMN : undefined,
      )
    },
  }
}

/** What a template that names its batch finds where a part of its inputs is built in one go. */
function partAsBatch({ window }: ReadLimit): BatchContext {
  const { start = new Date(0), end = start } = window ?? {}
  return { id: start.toISOString().slice(0, 10).replaceAll('-', ''), start, end }
}
