import { GmError } from '../base/error.ts'
import type { Compiled, CompileState } from '../compile/compiled.ts'
import type { Column, RelationState, Session } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode, Manifest, NodeId, Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { withoutTracking } from '../materialize/compare-columns.ts'
import { placeError } from '../run/place-error.ts'
import { wholeState } from '../state/whole-state.ts'

/** What the database says of a node's query without running it. */
export interface Preview {
  /** Columns of the relation that a full build would give; undefined where the query was refused. */
  readonly columns: readonly Column[] | undefined
  /** Of what the step's own query gives, as the planner guesses. */
  readonly estimatedRows: number | undefined
  /** Why the database would refuse the query, at its place. */
  readonly problem: GmError | undefined
}

export interface PreviewRequest {
  readonly manifest: Manifest
  /** Parents first. */
  readonly nodes: readonly BuiltNode[]
  readonly relations: ReadonlyMap<string, RelationState>
  readonly vars: CompileState['vars']
  readonly runQuery?: CompileState['runQuery']
  readonly compile: (
    node: Exclude<BuiltNode, { kind: 'seed' }>,
    state: CompileState,
    manifest: Manifest,
  ) => Compiled
  /** The query of a step that adds rows; its rows are estimated in place of the whole. */
  readonly incrementOf: (id: NodeId) => Compiled | undefined
}

/**
 * Columns and estimated rows of nodes that are not built yet, each over what those before it would give: temporary views in a
 * transaction that is rolled back. Nothing is read and nothing stays.
 */
export async function previewNodes(
  session: Session,
  request: PreviewRequest,
  signal?: AbortSignal,
): Promise<ReadonlyMap<NodeId, Preview>> {
  const previews = new Map<NodeId, Preview>()
  if (request.nodes.length === 0) return previews
  const run = async (statement: Statement): Promise<readonly Record<string, unknown>[]> => [
    ...(await session.query(statement, signal)).rows,
  ]
  await run({ purpose: 'begin', sql: 'begin' })
  try {
    let { manifest } = request
    for (const [i, node] of request.nodes.entries()) {
      const view: Relation = { schema: 'pg_temp', identifier: `gm_preview_${i}` }
      const preview = await previewNode(node, view, manifest, request, run)
      previews.set(node.id, preview)
      // What reads a refused node is looked at over what is published, if anything is.
      if (preview.columns !== undefined) {
        const nodes = new Map(manifest.nodes)
        nodes.set(node.id, { ...node, relation: view })
        manifest = { ...manifest, nodes }
      }
    }
  } finally {
    await session.query({ purpose: 'rollback', sql: 'rollback' }).catch(() => undefined)
  }
  return previews
}

type Run = (statement: Statement) => Promise<readonly Record<string, unknown>[]>

async function previewNode(
  node: BuiltNode,
  view: Relation,
  manifest: Manifest,
  request: PreviewRequest,
  run: Run,
): Promise<Preview> {
  await run({ purpose: 'savepoint', sql: 'savepoint gm_preview' })
  const compiledBy = new Map<NodeId, Compiled>()
  try {
    if (node.kind === 'seed') {
      await run(emptyView(view, node.fields))
      return { columns: node.fields, estimatedRows: undefined, problem: undefined }
    }
    const compiled = compileWhole(node, manifest, request)
    compiledBy.set(node.id, compiled)
    await run(
      aroundUserSql(compiled, {
        purpose: 'preview',
        head: `create temporary view ${identifier(view.identifier)} as\n`,
      }),
    )
    const own = await columnsOf(view, run)
    const estimatedRows = await estimate(node.id, view, request, run)
    if (node.kind !== 'snapshot') return { columns: own, estimatedRows, problem: undefined }
    const columns = historyColumns(own, request.relations.get(quoted(node.relation)))
    await run({ purpose: 'preview', sql: `drop view ${identifier(view.identifier)}` })
    await run(emptyView(view, columns))
    return { columns, estimatedRows, problem: undefined }
  } catch (error) {
    await run({ purpose: 'rollback', sql: 'rollback to savepoint gm_preview' })
    const problem = placeError(error, compiledBy)
    if (!(problem instanceof GmError)) throw problem
    return { columns: undefined, estimatedRows: undefined, problem }
  }
}

/** A template may ask the database about its inputs, and only what is published can be asked. */
function compileWhole(
  node: Exclude<BuiltNode, { kind: 'seed' }>,
  manifest: Manifest,
  request: PreviewRequest,
): Compiled {
  const { vars, runQuery } = request
  const state = wholeState(vars, runQuery && { runQuery })
  try {
    return request.compile(node, state, manifest)
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    return request.compile(node, state, request.manifest)
  }
}

function emptyView(view: Relation, columns: readonly Column[]): Statement {
  const list = columns.map(({ name, type }) => `null::${type} as ${identifier(name)}`).join(', ')
  return {
    purpose: 'preview',
    sql: `create temporary view ${identifier(view.identifier)} as select ${list} where false`,
  }
}

async function columnsOf(view: Relation, run: Run): Promise<readonly Column[]> {
  const rows = await run({
    purpose: 'read columns',
    sql: `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
from pg_attribute a where a.attrelid = ${literal(quoted(view))}::regclass and a.attnum > 0 order by a.attnum`,
  })
  return withoutTracking(
    rows.map((row) => ({ name: String(row['name']), type: String(row['type']) })),
  )
}

/** A history has columns that its query does not give; those that it has already are known. */
function historyColumns(
  own: readonly Column[],
  target: RelationState | undefined,
): readonly Column[] {
  const names = new Set(own.map(({ name }) => name))
  const added = withoutTracking(target?.columns ?? []).filter(({ name }) => !names.has(name))
  return [...own, ...added]
}

async function estimate(
  id: NodeId,
  view: Relation,
  request: PreviewRequest,
  run: Run,
): Promise<number | undefined> {
  const increment = request.incrementOf(id)
  await run({ purpose: 'savepoint', sql: 'savepoint gm_estimate' })
  try {
    const rows = await run({
      purpose: 'estimate',
      sql: `explain (format json) ${increment?.sql ?? `select * from ${quoted(view)}`}`,
    })
    const [top] = Object.values(rows[0] ?? {})
    const plan = (top as readonly { readonly Plan?: Readonly<Record<string, unknown>> }[])[0]?.Plan
    const count = plan?.['Plan Rows']
    return typeof count === 'number' ? count : undefined
  } catch (error) {
    // An increment over a column that its input is yet to get.
    await run({ purpose: 'rollback', sql: 'rollback to savepoint gm_estimate' })
    if (!(error instanceof GmError)) throw error
    return undefined
  }
}
