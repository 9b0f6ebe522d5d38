import type { BatchContext, Compiled } from '../compile/compiled.ts'
import type { EventWindow } from '../compile/event-window.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode, Manifest, ModelNode, Node, Relation, TestNode } from '../manifest/node.ts'
import { isBuilt, isReadable } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { ownColumns } from '../materialize/evolve-table.ts'
import type { CompiledBatch } from '../materialize/fill-by-batches.ts'
import type { Materials } from '../materialize/materialize.ts'
import type { Arrivals } from '../materialize/materialize-batches.ts'
import {
  batchTransaction,
  beginWithBatches,
  createForBatches,
  endWithBatches,
  rebuildByBatches,
} from '../materialize/materialize-batches.ts'
import type { KeyReader } from '../state/key-log.ts'
import { changedKeys, followedName } from '../state/key-log.ts'
import type { Ledger, LedgerEntry } from '../state/ledger.ts'
import type { Batching, Interval } from './batch-intervals.ts'
import { batchAfter, batchName, batchStart, dueBatches } from './batch-intervals.ts'
import type { Batch, Step } from './plan.ts'
import type { PlanRequest } from './plan-request.ts'

/** What a run was asked for that decides its batches. */
interface Times {
  readonly now: Date
  readonly eventTime?: EventWindow
  /** The model has been begun, by this run or by one that it goes on with. */
  readonly isBegun: boolean
}

/** The warehouse as it is. */
interface Standing {
  readonly relations: ReadonlyMap<string, RelationState>
  readonly ledger: Ledger
}

/** An incremental model that is made interval by interval of its event time. */
export type MicrobatchNode = ModelNode & {
  readonly config: { readonly incremental_strategy: 'microbatch' }
}

export function isMicrobatch(node: BuiltNode | TestNode): node is MicrobatchNode {
  return (
    node.kind === 'model' &&
    node.config.materialized === 'incremental' &&
    node.config.incremental_strategy === 'microbatch'
  )
}

/** Whether this run, or one that it goes on with, has begun the model: what is to be done again has been marked as due. */
export function isResumed(entry: LedgerEntry | undefined, { resumes }: PlanRequest): boolean {
  return entry !== undefined && resumes.has(entry.runId)
}

/** The batches that a run has to do, as far as the ledger knows. */
export interface BatchPlan {
  readonly due: readonly Interval[]
  /** The one that is compiled for what does not depend on the batch: its columns, its inputs. */
  readonly newest: Interval
  /** Nothing but a change of code or inputs makes it necessary to do them. */
  readonly isOptional: boolean
}

/** @param done what the ledger knows of the table; nothing where another one takes its place. */
export function planBatches(
  node: MicrobatchNode,
  times: Times,
  done: readonly Interval[],
): BatchPlan {
  const batching = batchingOf(node, times, done)
  const all = dueBatches({ ...batching, isBegun: false, done: [] })
  const newest = all.at(-1) ?? batchFrom(batchStart(times.now, batching.size), batching)
  // Of what begins later than now there is one batch, and it has no rows yet.
  const due = all.length > 0 ? dueBatches(batching) : [newest]
  const isOptional = dueBatches({ ...batching, lookback: -1 }).length === 0
  return { due, newest, isOptional }
}

/** The batches that a table has when it is built whole, the oldest first. */
export function allBatches(node: MicrobatchNode, now: Date): readonly BatchContext[] {
  return planBatches(node, { now, isBegun: false }, []).due.map((batch) =>
    batchContext(batch, node),
  )
}

/** Names of the batches that are not done, or due again. */
export function batchesLeft(
  node: MicrobatchNode,
  now: Date,
  done: readonly Interval[],
): readonly string[] {
  const batching = batchingOf(node, { now, isBegun: true }, done)
  return dueBatches(batching).map(({ start }) => batchName(start, batching.size))
}

function batchingOf(
  { config }: MicrobatchNode,
  { now, eventTime: range, isBegun }: Times,
  done: readonly Interval[],
): Batching {
  const { begin = '', batch_size: size = 'day', lookback = 1 } = config
  return {
    size,
    begin: new Date(begin.length === 10 ? `${begin}T00:00:00Z` : `${begin}Z`),
    lookback: Number(lookback),
    now,
    range,
    isBegun,
    done,
  }
}

function batchFrom(start: Date, { size }: Batching): Interval {
  return { start, end: batchAfter(start, size) }
}

/** `12 batches from 2026-01-03 to 2026-01-31`. */
export function describeBatches({ config }: MicrobatchNode, due: readonly Interval[]): string {
  const size = config.batch_size ?? 'day'
  const [first, last] = [due[0], due.at(-1)]
  if (first === undefined || last === undefined) return 'no batches'
  const name = batchName(first.start, size)
  return due.length === 1
    ? `batch ${name}`
    : `${due.length} batches from ${name} to ${batchName(last.start, size)}`
}

/** A batch as templates see it; its id is its name without dashes. */
export function batchContext(batch: Interval, { config }: MicrobatchNode): BatchContext {
  return { ...batch, id: batchName(batch.start, config.batch_size ?? 'day').replaceAll('-', '') }
}

/** What is known of how a model's inputs change. */
export interface Following {
  readonly arrivals: readonly Arrivals[]
  /** Quoted names of followed tables, with the generation of a mark that holds. */
  readonly marked: ReadonlyMap<string, string>
  readonly keyReaders: readonly KeyReader[]
  /** What nobody can notice, in the words of the plan. */
  readonly misses: readonly string[]
}

/**
 * How the model hears of rows that come late: by the mark on the table behind each input that it reads in part. Of a table
 * that gm builds, and of a source with log_keys, also of rows that are deleted or get another time.
 */
export function followInputsOf(
  node: MicrobatchNode,
  compiled: Compiled,
  manifest: Manifest,
  warehouse: Standing,
  rebuilt: ReadonlySet<string>,
): Following {
  const own = quoted(node.relation)
  const entry = warehouse.ledger.entries.get(own)
  const arrivals: Arrivals[] = []
  const marked = new Map<string, string>()
  const keyReaders: KeyReader[] = []
  const misses: string[] = []
  for (const { input, table: tableId, column, sql } of compiled.arrivals ?? []) {
    const table = manifest.nodes.get(tableId)
    if (table === undefined || !isReadable(table) || !isTracked(table, warehouse)) {
      const name = manifest.nodes.get(input)?.name ?? input
      misses.push(`rows of ${name} that come late are missed, as nothing tells of them`)
      continue
    }
    const name = quoted(table.relation)
    const isDirect = input === tableId
    const tableColumn = isDirect ? column : timeInTable(manifest.nodes.get(input), table)
    const reader =
      isLogged(table) && tableColumn !== undefined
        ? { input: name, columns: [tableColumn] }
        : undefined
    if (reader === undefined) misses.push(missedOf(table))
    else keyReaders.push(reader)
    const generation = entry?.marks.get(name)
    const isKnown =
      generation !== undefined &&
      warehouse.relations.get(name)?.generation === generation &&
      !rebuilt.has(name) &&
      (reader === undefined || entry?.following.has(followedName(reader)) === true)
    if (isKnown) marked.set(name, generation)
    const moments = (of: string, rows: string): string =>
      `select ${identifier(of)}::timestamptz as moment from ${rows} as rows`
    const times = [
      ...(isDirect && reader !== undefined ? [] : [moments(column, sql)]),
      ...(reader === undefined || tableColumn === undefined
        ? []
        : [moments(tableColumn, changedKeys(own, name, reader.columns))]),
    ]
    arrivals.push({
      table: name,
      times: isKnown ? `(${times.join(' union all ')})` : undefined,
      isUsers: !isDirect,
    })
  }
  return { arrivals, marked, keyReaders, misses }
}

/** The column of the table by which rows of a view belong to their batches: what its SQL hands on, else what the table calls its event time. */
function timeInTable(view: Node | undefined, table: Node): string | undefined {
  return (view?.kind === 'model' ? view.timeBehind : undefined) ?? table.config.event_time
}

/** Whether gm may log what the table loses. */
export function isLogged(table: Node): boolean {
  return isBuilt(table) || table.config.log_keys === true
}

function missedOf(table: Node): string {
  const lost = `rows of ${table.name} that are deleted or get another time are missed`
  return isLogged(table)
    ? `${lost}, as it has no event_time`
    : `${lost}, as its source has no log_keys: true`
}

/** Its rows say which transaction wrote them: now, or once gm has built it. */
function isTracked(table: Node & { readonly relation: Relation }, warehouse: Standing): boolean {
  if (!isBuilt(table)) return warehouse.relations.get(quoted(table.relation))?.isTracked === true
  return (
    table.kind === 'snapshot' ||
    (table.kind === 'model' && table.config.materialized === 'incremental')
  )
}

/** The transactions of a step, in the parts in which they run. */
export type BatchedWork = Pick<Step, 'transactions'> & {
  readonly batches?: readonly Batch[]
  readonly after?: Step['transactions']
}

/** A model's work: what comes first, the batches, what comes last. A rebuild is one transaction for all batches. */
export function materializeMicrobatch(
  node: MicrobatchNode,
  how: 'create' | 'rebuild' | 'update',
  plan: BatchPlan,
  following: Following,
  materials: Materials,
  request: Times,
  compile: (batch: Interval) => CompiledBatch,
): BatchedWork {
  if (how === 'rebuild') {
    return { transactions: rebuildByBatches(node, plan.due.map(compile), materials) }
  }
  const size = node.config.batch_size ?? 'day'
  const toBatch = (batch: Interval, columns: readonly string[]): Batch => ({
    name: batchName(batch.start, size),
    ...batch,
    // A table that is not there yet has no columns to be filled.
    transactions:
      columns.length === 0 ? [] : [batchTransaction(node, compile(batch), materials, columns)],
  })
  if (how === 'create') {
    const { target } = materials
    const columns = target === undefined ? [] : ownColumns(target)
    return {
      transactions: createForBatches(node, compile(plan.newest), materials),
      batches: plan.due.map((batch) => toBatch(batch, columns)),
      after: endWithBatches(node, materials, { columns, retyped: [], before: [], after: [] }),
    }
  }
  const repeated = batchAfter(
    batchStart(request.now, size),
    size,
    -Number(node.config.lookback ?? 1),
  )
  const { start, end } = request.eventTime ?? {}
  const asked = [
    // Also those of a run that is for other batches: what their inputs have changed to counts as read from here on.
    { from: repeated },
    ...(start === undefined || end === undefined ? [] : [{ from: start, before: end }]),
  ]
  const { transactions, evolution } = beginWithBatches(
    node,
    compile(plan.newest),
    materials,
    following.arrivals,
    request.isBegun ? [] : asked,
  )
  return {
    transactions,
    batches: plan.due.map((batch) => toBatch(batch, evolution.columns)),
    after: endWithBatches(node, materials, evolution),
  }
}

/** Whether batches may run side by side: not where one may read or replace what another writes. */
export function mayRunAtOnce({ config, rawCode }: MicrobatchNode): boolean {
  return config.concurrent_batches ?? (config.unique_key.length === 0 && !/\bthis\b/.test(rawCode))
}
