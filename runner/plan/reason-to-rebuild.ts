import { GmError } from '../base/error.ts'
import { isLimited } from '../compile/compile-node.ts'
import type { RelationState } from '../engine/adapter.ts'
import { followedTable } from '../manifest/followed-tables.ts'
import type { ModelNode, SnapshotNode } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { hasColumns } from '../materialize/compare-columns.ts'
import { isPolling } from '../materialize/polling-history.ts'
import { strategyOf } from '../materialize/write-rows.ts'
import { followedName } from '../state/key-log.ts'
import { keyReaders, refuseUntracked } from './follow-inputs.ts'
import { isMicrobatch, isResumed } from './microbatch-work.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { isMadeByOthers } from './take-over.ts'

/** Why the new rows of its inputs are not enough for an incremental model or a history. */
export interface Rebuild {
  readonly reason: string
  /**
   * Quoted names of inputs of which it does not know what it has read: the table itself is as good as it was. Empty where it is
   * about the table.
   */
  readonly inputs: readonly string[]
}

/** Whether an incremental model or a history must be built whole; undefined when its new rows are enough. */
export function reasonToRebuild(
  node: ModelNode | SnapshotNode,
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Rebuild | undefined {
  const name = quoted(node.relation)
  const itself = (reason: string): Rebuild => ({ reason, inputs: [] })
  const target = warehouse.relations.get(name)
  const entry = warehouse.ledger.entries.get(name)
  const inputs = node.changesOf.flatMap((followed) => {
    const input = request.manifest.nodes.get(followedTable(request.manifest, followed))
    return input === undefined || !isReadable(input) ? [] : [input]
  })
  // What gm builds may be tracked by the time it is read.
  for (const input of inputs) if (input.kind === 'source') refuseUntracked(node, input, warehouse)
  if (target === undefined) return itself('first build')
  if (request.limit !== undefined || isLimited(entry?.fingerprint ?? ''))
    return itself('it was built with --empty or --sample')
  if (!staysInPart(node, request, warehouse)) {
    if (node.config.full_refresh === true) return itself('full_refresh: true')
    if (request.fullRefresh && node.config.full_refresh !== false) return itself('full refresh')
  }
  if (target.type !== 'table' || !target.isTracked)
    return itself(`a ${target.type} stands behind its name`)
  if (hasOtherColumns(node, target, foreseen)) return itself('its query gives other columns')
  for (const input of inputs) refuseUntracked(node, input, warehouse)
  const unknown: { readonly input: string; readonly reason: string }[] = []
  for (const { name: inputName, relation } of inputs) {
    const input = quoted(relation)
    const mark = entry?.marks.get(input)
    const generation = warehouse.relations.get(input)?.generation ?? mark
    if (mark === undefined) unknown.push({ input, reason: `it has no mark on ${inputName} yet` })
    else if (foreseen.rebuilt.has(input))
      unknown.push({ input, reason: `its input ${inputName} is rebuilt` })
    else if (generation !== mark)
      unknown.push({ input, reason: `its input ${inputName} was rebuilt` })
  }
  for (const reader of keyReaders(node, request.manifest)) {
    if (entry?.following.has(followedName(reader)) === true) continue
    const reason = `keys that ${reader.input} loses were not logged for it yet`
    unknown.push({ input: reader.input, reason })
  }
  const [first] = unknown
  return first && { reason: first.reason, inputs: unknown.map(({ input }) => input) }
}

/** A history of events is a function of them, with their columns. */
function hasOtherColumns(
  node: ModelNode | SnapshotNode,
  target: RelationState,
  { shape }: Foreseen,
): boolean {
  if (shape === undefined || node.kind !== 'snapshot' || isPolling(node)) return false
  return !hasColumns(target, shape)
}

/**
 * Whether a table that is never to be rebuilt may read an input from its beginning in place of that: each row that it
 * reads a second time replaces itself.
 */
export function mayReadAgain(node: ModelNode | SnapshotNode, { inputs }: Rebuild): boolean {
  return (
    inputs.length > 0 &&
    node.config.full_refresh === false &&
    node.kind === 'model' &&
    node.config.materialization === undefined &&
    (strategyOf(node) === 'merge' || strategyOf(node) === 'delete+insert')
  )
}

/**
 * Whether a full refresh leaves batches of a table as they are: of those that are asked for by their time a table would be without the
 * others, and what a run has begun is gone on with.
 */
function staysInPart(
  node: ModelNode | SnapshotNode,
  request: PlanRequest,
  { relations, ledger }: Warehouse,
): boolean {
  const name = quoted(node.relation)
  const entry = ledger.entries.get(name)
  return (
    node.kind === 'model' &&
    isMicrobatch(node) &&
    (request.eventTime !== undefined || isResumed(entry, request)) &&
    !isMadeByOthers(relations.get(name), entry)
  )
}

/** @throws GmError GM4012 where the configuration says that the table is never to be rebuilt. */
export function refuseRebuild(
  node: ModelNode | SnapshotNode,
  rebuild: Rebuild,
  { relations, ledger }: Warehouse,
): void {
  const name = quoted(node.relation)
  const entry = ledger.entries.get(name)
  const isWhole = entry !== undefined && !isLimited(entry.fingerprint)
  if (!relations.has(name) || !isWhole || node.config.full_refresh !== false) return
  throw new GmError(
    'GM4012',
    `${name} would have to be rebuilt (${rebuild.reason}), but it has full_refresh: false`,
    {
      at: node.at,
      hint: `${rebuild.inputs.length > 0 && node.kind === 'model' ? 'With a unique_key it would read its input again, each row replacing itself. ' : ''}Leave it out with --exclude ${node.name}, or remove full_refresh: false for one run if losing what cannot be rebuilt is acceptable.`,
    },
  )
}
