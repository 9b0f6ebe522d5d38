import { GmError } from '../base/error.ts'
import { isLimited } from '../compile/compile-node.ts'
import { followedTable } from '../manifest/followed-tables.ts'
import type { ModelNode, SnapshotNode } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { followedName } from '../state/key-log.ts'
import { keyReaders, refuseUntracked } from './follow-inputs.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'

/** Why an incremental model or a history must be built whole; undefined when its new rows are enough. */
export function reasonToRebuild(
  node: ModelNode | SnapshotNode,
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): string | undefined {
  const name = quoted(node.relation)
  const target = warehouse.relations.get(name)
  const entry = warehouse.ledger.entries.get(name)
  const inputs = node.changesOf.flatMap((followed) => {
    const input = request.manifest.nodes.get(followedTable(request.manifest, followed))
    return input === undefined || !isReadable(input) ? [] : [input]
  })
  // What gm builds may be tracked by the time it is read.
  for (const input of inputs) if (input.kind === 'source') refuseUntracked(node, input, warehouse)
  if (target === undefined) return 'first build'
  if (request.limit !== undefined || isLimited(entry?.fingerprint ?? ''))
    return 'it was built with --empty or --sample'
  if (node.config.full_refresh === true) return 'full_refresh: true'
  if (request.fullRefresh && node.config.full_refresh !== false) return 'full refresh'
  if (target.type !== 'table' || !target.isTracked) return `a ${target.type} stands behind its name`
  for (const input of inputs) {
    const inputName = quoted(input.relation)
    const state = warehouse.relations.get(inputName)
    refuseUntracked(node, input, warehouse)
    const mark = entry?.marks.get(inputName)
    if (mark === undefined) return `it has no mark on ${input.name} yet`
    if (foreseen.rebuilt.has(inputName)) return `its input ${input.name} is rebuilt`
    if (state !== undefined && state.generation !== mark)
      return `its input ${input.name} was rebuilt`
  }
  for (const reader of keyReaders(node, request.manifest)) {
    if (entry?.following.has(followedName(reader)) !== true)
      return `keys that ${reader.input} loses were not logged for it yet`
  }
  return undefined
}

/** @throws GmError GM4012 where the configuration says that the table is never to be rebuilt. */
export function refuseRebuild(
  node: ModelNode | SnapshotNode,
  rebuild: string,
  { relations, ledger }: Warehouse,
): void {
  const name = quoted(node.relation)
  const entry = ledger.entries.get(name)
  const isWhole = entry !== undefined && !isLimited(entry.fingerprint)
  if (!relations.has(name) || !isWhole || node.config.full_refresh !== false) return
  throw new GmError(
    'GM4012',
    `${name} would have to be rebuilt (${rebuild}), but it has full_refresh: false`,
    {
      at: node.at,
      hint: 'Remove full_refresh: false for this one run if losing what cannot be rebuilt is acceptable.',
    },
  )
}
