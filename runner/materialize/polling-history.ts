import type { Column } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { Node, SnapshotNode } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import { suffixed } from './hidden-name.ts'
import type { WantedIndex } from './publish-table.ts'

/** What a polling snapshot's configuration means; names are unquoted. */
export interface PollingHistory {
  readonly strategy: 'timestamp' | 'check'
  readonly key: readonly string[]
  /** The column with the time of a row's last change; the check strategy can do without and takes the run's time. */
  readonly updatedAt: string | undefined
  readonly watched: readonly string[] | 'all'
  readonly hardDeletes: 'ignore' | 'invalidate' | 'new_record'
  /** SQL for the end of a version that still holds; null where not given. */
  readonly openEnd: string | undefined
  readonly names: MetaNames
}

/** The columns that gm adds, by dbt's names or those of snapshot_meta_column_names. */
export interface MetaNames {
  readonly scdId: string
  readonly updatedAt: string
  readonly validFrom: string
  readonly validTo: string
  readonly isDeleted: string
}

/** Whether a node is a snapshot that looks at rows as they are now, and not at a log of events: no run can make it again. */
export function isPolling(node: Node): boolean {
  return node.kind === 'snapshot' && node.config.strategy !== 'events'
}

export function pollingHistory(node: SnapshotNode): PollingHistory {
  const { config } = node
  if (config.strategy !== 'timestamp' && config.strategy !== 'check') {
    throw new Error(`${node.id} is no polling snapshot`)
  }
  return {
    strategy: config.strategy,
    key: config.unique_key,
    updatedAt: config.updated_at,
    watched: config.check_cols ?? [],
    hardDeletes: config.hard_deletes ?? 'ignore',
    openEnd: config.dbt_valid_to_current,
    names: metaNames(node),
  }
}

export function metaNames({ config }: SnapshotNode): MetaNames {
  const given = config.snapshot_meta_column_names ?? {}
  return {
    scdId: given.dbt_scd_id ?? 'dbt_scd_id',
    updatedAt: given.dbt_updated_at ?? 'dbt_updated_at',
    validFrom: given.dbt_valid_from ?? 'dbt_valid_from',
    validTo: given.dbt_valid_to ?? 'dbt_valid_to',
    isDeleted: given.dbt_is_deleted ?? 'dbt_is_deleted',
  }
}

/** The columns of a history that are not those of its query. */
export function metaColumns({ names }: PollingHistory): readonly string[] {
  return [names.scdId, names.updatedAt, names.validFrom, names.validTo, names.isDeleted]
}

/** Those that a table must have to be gone on with. `dbt_is_deleted` can be added later. */
export function missingMeta({ names }: PollingHistory, columns: readonly Column[]): string[] {
  const has = new Set(columns.map(({ name }) => name))
  return [names.scdId, names.updatedAt, names.validFrom, names.validTo].filter((n) => !has.has(n))
}

/** True for the version of a key that still holds, deleted or not. */
export function holds({ names, openEnd }: PollingHistory, alias: string): string {
  const end = `${alias}.${identifier(names.validTo)}`
  return openEnd === undefined ? `${end} is null` : `(${end} is null or ${end} = (${openEnd}))`
}

/**
 * Unique are the version's id, a key's beginnings, and the one version that holds. All versions that hold end alike, so
 * with `dbt_valid_to_current` the key and the end are unique together; without, they end at null, which needs the condition.
 */
export function pollingIndexes(
  node: SnapshotNode,
  table: string,
  history: PollingHistory,
): readonly WantedIndex[] {
  const { key, names, openEnd } = history
  return [
    { columns: [names.scdId], unique: true },
    { columns: [...key, names.validFrom], unique: true },
    openEnd === undefined
      ? {
          columns: key,
          unique: true,
          where: `${identifier(names.validTo)} is null`,
          name: suffixed(table, '_holds'),
        }
      : { columns: [...key, names.validTo], unique: true },
    ...(node.config.no_overlaps === true ? [noOverlaps(table, key, names)] : []),
    ...node.config.indexes,
  ]
}

/** An exclusion constraint: the server itself refuses a version that overlaps another of its key, whoever writes it. */
export function noOverlaps(
  table: string,
  key: readonly string[],
  { validFrom, validTo }: Pick<MetaNames, 'validFrom' | 'validTo'>,
): WantedIndex {
  const range = `gm.version_range(${identifier(validFrom)}, ${identifier(validTo)})`
  return {
    columns: [...key, validFrom, validTo],
    exclude: `${key.map((c) => `${identifier(c)} with =`).join(', ')}, ${range} with &&`,
    name: suffixed(table, '_no_overlaps'),
  }
}

/** An exclusion constraint over scalar keys needs GiST for them. */
export function overlapExtension(node: SnapshotNode): readonly Statement[] {
  return node.config.no_overlaps === true
    ? [{ purpose: 'add btree_gist', sql: 'create extension if not exists btree_gist' }]
    : []
}

/** What the row says, or when it was looked at: in UTC, whatever zone a header of the user's sets. */
export function timeOf({ updatedAt }: PollingHistory, alias = 'gm_row'): string {
  return updatedAt === undefined
    ? `(now() at time zone 'UTC')`
    : `${alias}.${identifier(updatedAt)}`
}

/**
 * As dbt writes it, so that a table that dbt began keeps one kind of ids. But that text of several columns does not tell `a|b`, `c` from
 * `a`, `b|c`: where a value holds the bar, the lengths of all stand behind it, which no other text of these columns ends with.
 */
export function scdId(key: readonly string[], from: string): string {
  const textOf = (part: string): string => `coalesce(cast(${part} as varchar), '')`
  const text = [...key, from].map(textOf).join(` || '|' || `)
  if (key.length < 2) return `md5(${text})`
  const [values, lengths] = [
    key.map(textOf).join(' || '),
    key.map((part) => `length(${textOf(part)})`).join(` || ',' || `),
  ]
  return `md5(${text} || case when strpos(${values}, '|') > 0 then '|' || ${lengths} else '' end)`
}

export function openEnd({ openEnd: given }: PollingHistory, time: string): string {
  return given === undefined
    ? `nullif(${time}, ${time})`
    : `coalesce(nullif(${time}, ${time}), ${given})`
}
