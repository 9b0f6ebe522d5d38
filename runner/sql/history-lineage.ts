import type { SnapshotNode } from '../manifest/node.ts'
import type { ColumnInput, ConditionVia, LineageColumn, NodeLineage } from './column-lineage.ts'
import { distinctInputs } from './distinct-inputs.ts'

/**
 * The columns of a history from those of its query: the event's own time and coordinates are dropped, and the
 * interval, the surrogate key and `is_current` are added. Which rows there are depends on the key, the time, the
 * tie-breakers and the watched columns.
 */
export function historyLineage(
  node: SnapshotNode,
  query: Pick<NodeLineage, 'columns' | 'conditions'>,
): Pick<NodeLineage, 'columns' | 'conditions'> {
  const {
    unique_key: key,
    updated_at: time = '',
    tie_breakers: ties = [],
    check_cols: watched = [],
    surrogate_key = `${node.name}_sk`,
  } = node.config
  const inputsOf = (names: readonly string[]): readonly ColumnInput[] =>
    query.columns.filter(({ name }) => names.includes(name)).flatMap(({ inputs }) => inputs)
  const computed = inputsOf([...key, time]).map(raised('computed'))
  const versions = inputsOf([...key, time, ...watched]).map(decides('window'))
  const from = distinctInputs([...inputsOf([time]).map(raised('aggregated')), ...versions])
  const interval = (name: string, type: string): LineageColumn => ({ name, type, inputs: from })
  const dropped = new Set([time, ...ties])
  return {
    columns: [
      { name: surrogate_key, type: 'text', inputs: distinctInputs(computed) },
      ...query.columns.filter(({ name }) => !dropped.has(name)),
      interval('effective_from', 'timestamp with time zone'),
      interval('effective_to', 'timestamp with time zone'),
      interval('is_current', 'boolean'),
    ],
    conditions: distinctInputs([
      ...query.conditions,
      ...versions,
      ...inputsOf(ties).map(decides('sort')),
    ]),
  }
}

const RANK = { copied: 0, computed: 1, aggregated: 2, condition: 3 } as const

function raised(kind: 'computed' | 'aggregated'): (input: ColumnInput) => ColumnInput {
  return (input) => (RANK[input.kind] >= RANK[kind] ? input : { ...input, kind })
}

function decides(via: ConditionVia): (input: ColumnInput) => ColumnInput {
  return (input) => ({ ...input, kind: 'condition', via })
}
