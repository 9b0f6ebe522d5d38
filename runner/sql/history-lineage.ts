import type { SnapshotMetaColumn, SnapshotNode } from '../manifest/node.ts'
import type { ColumnInput, ConditionVia, LineageColumn, NodeLineage } from './column-lineage.ts'
import { distinctInputs } from './distinct-inputs.ts'

type Shape = Pick<NodeLineage, 'columns' | 'conditions'>

/** The columns of a history from those of its query, and what decides its versions. */
export function historyLineage(node: SnapshotNode, query: Shape): Shape {
  const { strategy = 'events', unique_key: key, updated_at: time, check_cols = [] } = node.config
  const all = query.columns.map(({ name }) => name)
  const watched = check_cols === 'all' ? all : check_cols
  const inputsOf = (names: readonly (string | undefined)[]): readonly ColumnInput[] =>
    query.columns.filter(({ name }) => names.includes(name)).flatMap(({ inputs }) => inputs)
  const identity = distinctInputs(inputsOf([...key, time]).map(raised('computed')))
  const versions = inputsOf([...key, time, ...watched]).map(decides('window'))
  return strategy === 'events'
    ? eventHistory(node, query, { inputsOf, identity, versions })
    : pollingHistory(node, query, { inputsOf, identity, versions })
}

interface Parts {
  readonly inputsOf: (names: readonly (string | undefined)[]) => readonly ColumnInput[]
  /** What the key of a version is computed from. */
  readonly identity: readonly ColumnInput[]
  /** What decides which versions there are. */
  readonly versions: readonly ColumnInput[]
}

/** The event's own time and coordinates are dropped; the interval, the surrogate key and `is_current` are added. */
function eventHistory(
  { name, config }: SnapshotNode,
  query: Shape,
  { inputsOf, identity, versions }: Parts,
): Shape {
  const { updated_at: time = '', tie_breakers: ties = [], surrogate_key } = config
  const inputs = distinctInputs([...inputsOf([time]).map(raised('aggregated')), ...versions])
  const dropped = new Set([time, ...ties])
  return {
    columns: [
      { name: surrogate_key ?? `${name}_sk`, type: 'text', inputs: identity },
      ...query.columns.filter((column) => !dropped.has(column.name)),
      { name: 'effective_from', type: 'timestamp with time zone', inputs },
      { name: 'effective_to', type: 'timestamp with time zone', inputs },
      { name: 'is_current', type: 'boolean', inputs },
    ],
    conditions: distinctInputs([
      ...query.conditions,
      ...versions,
      ...inputsOf(ties).map(decides('sort')),
    ]),
  }
}

/** A history of looks at a table: its columns as they are, and dbt's own behind them. */
function pollingHistory(
  { config }: SnapshotNode,
  query: Shape,
  { inputsOf, identity, versions }: Parts,
): Shape {
  const { updated_at: time, hard_deletes, snapshot_meta_column_names: names = {} } = config
  // Without a time of their own versions have that of the look, which comes from no column.
  const moment = inputsOf([time])
  const column = (name: SnapshotMetaColumn, inputs: readonly ColumnInput[]): LineageColumn => ({
    name: names[name] ?? name,
    inputs,
  })
  return {
    columns: [
      ...query.columns,
      column('dbt_scd_id', identity),
      column('dbt_updated_at', moment),
      column('dbt_valid_from', moment),
      column('dbt_valid_to', distinctInputs([...moment.map(raised('computed')), ...versions])),
      ...(hard_deletes === 'new_record' ? [column('dbt_is_deleted', versions)] : []),
    ],
    conditions: distinctInputs([...query.conditions, ...versions]),
  }
}

const RANK = { copied: 0, computed: 1, aggregated: 2, condition: 3 } as const

function raised(kind: 'computed' | 'aggregated'): (input: ColumnInput) => ColumnInput {
  return (input) => (RANK[input.kind] >= RANK[kind] ? input : { ...input, kind })
}

function decides(via: ConditionVia): (input: ColumnInput) => ColumnInput {
  return (input) => ({ ...input, kind: 'condition', via })
}
