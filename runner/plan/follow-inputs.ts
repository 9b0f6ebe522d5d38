import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { refuseUnlogged } from '../compile/refuse-unlogged.ts'
import { followedTable } from '../manifest/followed-tables.ts'
import type {
  BuiltNode,
  Manifest,
  ModelNode,
  Node,
  Relation,
  SnapshotNode,
} from '../manifest/node.ts'
import { isBuilt, isReadable } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { strategyOf } from '../materialize/write-rows.ts'
import type { EventTime } from '../state/event-time.ts'
import type { KeyReader } from '../state/key-log.ts'
import type { Warehouse } from './plan-request.ts'

/** changes() needs rows that say which transaction wrote them. */
export function refuseUntracked(
  node: Node,
  input: Node & { readonly relation: Relation },
  warehouse: Warehouse,
): void {
  const state = warehouse.relations.get(quoted(input.relation))
  if (state === undefined || state.isTracked || (isBuilt(input) && isRebuiltWhole(input))) return
  if (eventTimeOf(input, warehouse) !== undefined) {
    if (node.kind !== 'model' || strategyOf(node) !== 'append') return
    throw new GmError(
      'GM3009',
      `"${node.name}" appends, but rows of ${input.name} are read again: it is followed by time`,
      {
        at: node.at,
        hint: 'Give the model a unique_key, so that a row which is read again replaces itself.',
      },
    )
  }
  throw new GmError(
    'GM3009',
    `changes() cannot follow ${input.name}: it is a ${state.type} without the column _gm_xid`,
    {
      at: node.at,
      hint: 'Read it with ref() or source(), or make it an incremental model, a snapshot or a landed table. A source can be followed by time: set event_time and lookback in its config.',
    },
  )
}

/** How a source without tracking is followed, where its configuration says so and the table is there. */
export function eventTimeOf(input: Node, { relations }: Warehouse): EventTime | undefined {
  if (input.kind !== 'source') return undefined
  const { event_time: column, lookback: given } = input.config
  const lookback = given === undefined ? undefined : String(given)
  const state = relations.get(quoted(input.relation))
  if (column === undefined || state === undefined || state.isTracked) return undefined
  if (lookback === undefined) {
    throw new GmError(
      'GM3009',
      `source ${input.sourceName}.${input.name} has event_time and no lookback`,
      {
        at: input.at,
        hint: 'Say how late a row may come: lookback: 2 hours. A row that comes later is missed.',
      },
    )
  }
  const type = state.columns.find(({ name }) => name === column)?.type
  if (type !== undefined) return { column, type, lookback }
  throw new GmError(
    'GM3009',
    `event_time of source ${input.sourceName}.${input.name} names "${column}", which is no column`,
    {
      at: input.at,
      hint: didYouMean(
        column,
        state.columns.map(({ name }) => name),
      ),
    },
  )
}

export function eventTimes(
  node: BuiltNode,
  manifest: Manifest,
  warehouse: Warehouse,
): ReadonlyMap<string, EventTime> {
  const times = new Map<string, EventTime>()
  if (!('changesOf' in node)) return times
  for (const id of node.changesOf) {
    const input = manifest.nodes.get(followedTable(manifest, id))
    const by = input === undefined ? undefined : eventTimeOf(input, warehouse)
    if (input?.kind === 'source' && by !== undefined) times.set(quoted(input.relation), by)
  }
  return times
}

/** Tables and seeds get a new generation with each build: their consumers rebuild, and between builds nothing is new. */
export function isRebuiltWhole(node: BuiltNode): boolean {
  return node.kind === 'seed' || (node.kind === 'model' && node.config.materialized === 'table')
}

export function followedBy(node: ModelNode | SnapshotNode, manifest: Manifest): readonly string[] {
  return node.changesOf.flatMap((id) => {
    const input = manifest.nodes.get(followedTable(manifest, id))
    return input === undefined || !isReadable(input) ? [] : [quoted(input.relation)]
  })
}

/** A table that is always rebuilt whole needs no log: its consumers rebuild with it. */
export function keyReaders(
  node: ModelNode | SnapshotNode,
  manifest: Manifest,
): readonly KeyReader[] {
  return node.keysOf.flatMap(({ input: id, columns }) => {
    const input = manifest.nodes.get(id)
    if (input === undefined) return []
    // Also where this rendering does not come to the call: the triggers are made before the first build.
    refuseUnlogged(input, { at: node.at })
    if (!isReadable(input)) return []
    if (isBuilt(input) && isRebuiltWhole(input)) return []
    return [{ input: quoted(input.relation), columns }]
  })
}
