import { createHash, randomUUID } from 'node:crypto'
import type { Compiled, Recomputed } from '../compile/compiled.ts'
import { withinWindow } from '../compile/event-window.ts'
import type { Adapter } from '../engine/adapter.ts'
import type {
  BuiltNode,
  Manifest,
  ModelNode,
  Node,
  NodeConfig,
  NodeId,
  Relation,
  SnapshotNode,
  SourceNode,
  TestNode,
} from '../manifest/node.ts'
import { NOTHING_READ, nodeId } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { RunEvent, RunResult } from '../run/event.ts'
import { planProject } from '../run/plan-project.ts'
import { runProject } from '../run/run-project.ts'
import type { RunRequest } from '../run/run-request.ts'

const DEFAULTS: NodeConfig = { enabled: true, tags: [], meta: {}, unique_key: [], indexes: [] }

/** What a plain model's SQL is written with: names of inputs, and whether only new rows are asked for. */
export interface Inputs {
  readonly ref: (name: string) => string
  readonly changes: (name: string, of?: 'versions') => string
  readonly changedKeys: (name: string, columns: readonly string[], of?: 'versions') => string
  /** Gives back the keys' query. */
  readonly recompute: (columns: readonly string[], sql: string) => string
  readonly isIncremental: boolean
}

interface Definition {
  readonly kind?: 'model' | 'snapshot' | 'source' | 'test'
  readonly schema?: string
  readonly config?: Partial<NodeConfig>
  readonly inputs?: readonly string[]
  readonly changes?: readonly string[]
  /** Key columns by input, for changedKeys; the inputs stand in `changes` too. */
  readonly keys?: Readonly<Record<string, readonly (readonly string[])[]>>
  readonly sql?: (inputs: Inputs) => string
}

/**
 * A project as values, without files and templates, for tests of planning and running. The order of the definitions
 * is the order of the graph.
 */
export function plainProject(definitions: Readonly<Record<string, Definition>>): PlainProject {
  const nodes = new Map<NodeId, Node>()
  const byName = new Map<string, Node>()
  for (const [name, given] of Object.entries(definitions)) {
    const node = toNode(name, given, byName)
    nodes.set(node.id, node)
    byName.set(name, node)
  }
  const manifest: Manifest = {
    project: 'shop',
    nodes,
    disabled: new Map(),
    macros: [],
    groups: new Map(),
    docs: [],
  }
  const compile: RunRequest['compile'] = (node, state, over): Compiled => {
    const sql = definitions[node.name]?.sql
    if (sql === undefined) throw new Error(`${node.name} has no SQL`)
    const used = (name: string): Node & { readonly relation: Relation } => {
      const input = over.nodes.get(byName.get(name)?.id ?? node.id)
      if (input === undefined || !('relation' in input)) throw new Error(`no relation ${name}`)
      return input
    }
    const given = definitions[node.name]
    const throughChanges = new Set<string>()
    const recomputed: Recomputed[] = []
    const windowed = new Map<NodeId, string>()
    const render = (isIncremental: boolean): string =>
      sql({
        ref: (name) => {
          const { id, config, relation } = used(name)
          if (state.window === undefined || config.event_time === undefined) return quoted(relation)
          windowed.set(id, config.event_time)
          return withinWindow(quoted(relation), config.event_time, state.window)
        },
        changes: (name, of) => {
          throughChanges.add(name)
          return isIncremental
            ? state.changes(used(name).id, used(name).relation, of)
            : quoted(used(name).relation)
        },
        changedKeys: (name, columns, of) => {
          throughChanges.add(name)
          return state.changedKeys(used(name).id, used(name).relation, columns, of)
        },
        recompute: (columns, keys) => {
          recomputed.push({ columns, sql: keys })
          return keys
        },
        isIncremental,
      })
    const first = render(false)
    // What a full build says does not depend on the batch.
    const full = state.window === undefined ? first : first.replaceAll(/'[\d-]+ [\d:]+\+00'/g, '…')
    recomputed.length = 0
    const text = state.isIncremental ? render(true) : first
    return {
      id: node.id,
      sql: text,
      lines: { segments: [], locate: () => undefined, callersOf: () => [] },
      inputs: [...new Set([...(given?.inputs ?? []), ...(given?.changes ?? [])])].map((name) => ({
        id: used(name).id,
        relation: used(name).relation,
        viaChanges: throughChanges.has(name),
      })),
      recomputed,
      ...(state.batch !== undefined && {
        arrivals: [...windowed].map(([id, column]) => {
          const input = over.nodes.get(id)
          if (input === undefined || !('relation' in input)) throw new Error(`no relation ${id}`)
          return { input: id, table: id, column, sql: state.changes(id, input.relation) }
        }),
      }),
      fingerprint: createHash('sha256')
        .update(`${full} ${JSON.stringify(decisive(node.config))}`)
        .digest('hex'),
    }
  }
  return { manifest, compile }
}

/** As compiling does it: of a materialized view the indexes are compared with the database's. */
function decisive(config: NodeConfig): Readonly<Record<string, unknown>> {
  if (config.materialized !== 'materialized_view') return { ...config }
  const fromCatalog = ['indexes', 'on_configuration_change']
  return Object.fromEntries(Object.entries(config).filter(([key]) => !fromCatalog.includes(key)))
}

export interface PlainProject {
  readonly manifest: Manifest
  readonly compile: RunRequest['compile']
}

function toNode(
  name: string,
  given: Definition,
  byName: ReadonlyMap<string, Node>,
): ModelNode | SnapshotNode | SourceNode | TestNode {
  const kind = given.kind ?? 'model'
  const ids = (names: readonly string[]): NodeId[] =>
    names.flatMap((of) => byName.get(of)?.id ?? []).sort()
  const base = {
    id: nodeId(kind, 'shop', name),
    name,
    package: 'shop',
    at: { file: `models/${name}.sql`, line: 1, column: 1 },
    fqn: ['shop', name],
    description: '',
    columns: new Map(),
    config: { ...DEFAULTS, ...given.config },
    writtenConfig: { ...DEFAULTS, ...given.config },
    checksum: name,
    dependsOn: ids([...new Set([...(given.inputs ?? []), ...(given.changes ?? [])])]),
    relation: { schema: given.schema ?? 'shop', identifier: name },
  }
  if (kind === 'source') return { ...base, kind, sourceName: 'raw' }
  const templated = {
    rawCode: '',
    refs: [],
    sources: [],
    changesOf: ids(given.changes ?? []),
    keysOf: Object.entries(given.keys ?? {}).flatMap(([name, lists]) =>
      ids([name]).flatMap((input) => lists.map((columns) => ({ input, columns }))),
    ),
    macros: [],
    reads: NOTHING_READ,
  }
  if (kind === 'test') return { ...base, ...templated, kind }
  return { ...base, ...templated, kind } satisfies BuiltNode | SnapshotNode
}

export interface RunOptions {
  readonly select?: readonly string[]
  readonly fullRefresh?: boolean
  readonly allowDestructive?: boolean
  /** Nothing is reused unless it is asked for. */
  readonly reuse?: RunRequest['reuse']
  readonly threads?: number
  readonly lock?: 'wait' | 'fail'
  readonly publishWaitMs?: number
  readonly keepVersions?: number
  readonly publish?: RunRequest['publish']
  readonly testsGate?: boolean
  readonly retries?: number
  readonly now?: Date
  readonly eventTime?: RunRequest['eventTime']
  readonly signal?: AbortSignal
  readonly onEvent?: (event: RunEvent) => void
}

export function requestOf(
  project: PlainProject,
  adapter: Adapter,
  options: RunOptions,
): RunRequest {
  const order = [...project.manifest.nodes.keys()]
  const names = options.select
  return {
    runId: randomUUID(),
    command: 'run',
    manifest: project.manifest,
    work: {
      order,
      selected: new Set(
        names === undefined ? order : order.filter((id) => names.includes(id.split('.')[2] ?? '')),
      ),
      testsGate: options.testsGate ?? false,
    },
    adapter,
    compile: project.compile,
    storeFailures: false,
    failuresRelation: (test) => ({ schema: 'audit', identifier: test.name }),
    compileText: (node, text) => text.replaceAll('{{ this }}', quoted(node.relation)),
    onRunStart: [],
    onRunEnd: [],
    vars: {},
    ...(options.now !== undefined && { now: options.now }),
    ...(options.eventTime !== undefined && { eventTime: options.eventTime }),
    targetName: 'test',
    version: '0.0.0',
    threads: options.threads ?? 2,
    fullRefresh: options.fullRefresh ?? false,
    allowDestructive: options.allowDestructive ?? false,
    reuse: options.reuse ?? 'none',
    failFast: false,
    historyRetentionDays: 90,
    retries: options.retries ?? 5,
    lock: options.lock ?? 'wait',
    keepVersions: options.keepVersions ?? 0,
    publishWaitMs: options.publishWaitMs ?? 5_000,
    publish: options.publish ?? 'model',
    emit: options.onEvent ?? (() => undefined),
    signal: options.signal ?? new AbortController().signal,
  }
}

export async function runPlain(
  project: PlainProject,
  adapter: Adapter,
  options: RunOptions = {},
): Promise<RunResult> {
  return await runProject(requestOf(project, adapter, options))
}

export async function planPlain(
  project: PlainProject,
  adapter: Adapter,
  options: RunOptions = {},
): ReturnType<typeof planProject> {
  return await planProject(requestOf(project, adapter, options))
}
