import { GmError } from '../base/error.ts'
import type { Compiled, CompileState } from '../compile/compiled.ts'
import type { Column, RelationState, Session } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode, Manifest, ModelNode, NodeId, Relation } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { hasColumns, withoutTracking } from '../materialize/compare-columns.ts'
import { checkContract } from '../materialize/contract-statements.ts'
import { columnsAfter, columnsThatStay } from '../materialize/evolve-table.ts'
import { blameNode } from '../run/blame-node.ts'
import { placeError } from '../run/place-error.ts'
import { wholeState } from '../state/whole-state.ts'

/** What the database says of a node's query without running it. */
export interface Preview {
  /** Columns of the relation that a full build would give; undefined where the query was refused. */
  readonly columns: readonly Column[] | undefined
  /** Columns of the relation once the step has run; undefined where the query was refused. */
  readonly after: readonly Column[] | undefined
  /** Of what the step's own query gives, as the planner guesses. */
  readonly estimatedRows: number | undefined
  /** Columns of the query by which a step adds rows; undefined where it adds none, and where they are not known yet. */
  readonly increment: readonly Column[] | undefined
  /** Why the database would refuse the query or its rows, at its place. */
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
  /** The query of a step that adds rows. */
  readonly incrementOf: (id: NodeId) => Compiled | undefined
}

/**
 * Columns and estimated rows of nodes that are not built yet, each over what those before it would give: temporary views in a
 * transaction that is rolled back. Nothing is read and nothing stays. Nothing is known of any where the role may make none.
 */
export async function previewNodes(
  session: Session,
  request: PreviewRequest,
  signal?: AbortSignal,
): Promise<ReadonlyMap<NodeId, Preview>> {
  const previews = new Map<NodeId, Preview>()
  const reshaped = new Set<NodeId>()
  if (request.nodes.length === 0) return previews
  const run = async (statement: Statement): Promise<readonly Record<string, unknown>[]> => [
    ...(await session.query(statement, signal)).rows,
  ]
  await run({ purpose: 'begin', sql: 'begin' })
  try {
    if (!(await mayMakeViews(run))) return previews
    let { manifest } = request
    for (const [i, node] of request.nodes.entries()) {
      const view: Relation = { schema: 'pg_temp', identifier: `gm_preview_${i}` }
      const preview = await previewNode(node, view, manifest, reshaped, request, run)
      previews.set(node.id, preview)
      const published = request.relations.get(quoted(node.relation))
      const isSame = published !== undefined && hasColumns(published, preview.after)
      if (!isSame) reshaped.add(node.id)
      // What reads a refused node is looked at over what is published, if anything is.
      if (preview.after === undefined || (isSame && request.incrementOf(node.id))) continue
      const nodes = new Map(manifest.nodes)
      nodes.set(node.id, { ...node, relation: view })
      manifest = { ...manifest, nodes }
    }
  } finally {
    await session.query({ purpose: 'rollback', sql: 'rollback' }).catch(() => undefined)
  }
  return previews
}

/** Whether the role may make temporary views here: most of what a run does needs none. */
async function mayMakeViews(run: Run): Promise<boolean> {
  const [row] = await run({
    purpose: 'look at privileges',
    sql: `select has_database_privilege(current_database(), 'temporary')
  and not current_setting('transaction_read_only')::boolean as may`,
  })
  return row?.['may'] === true
}

type Run = (statement: Statement) => Promise<readonly Record<string, unknown>[]>

/** @param reshaped nodes whose columns will not be those that are published now. */
async function previewNode(
  node: BuiltNode,
  view: Relation,
  manifest: Manifest,
  reshaped: ReadonlySet<NodeId>,
  request: PreviewRequest,
  run: Run,
): Promise<Preview> {
  await run({ purpose: 'savepoint', sql: 'savepoint gm_preview' })
  const compiledBy = new Map<NodeId, Compiled>()
  try {
    if (node.kind === 'seed') {
      await run(emptyView(view, node.fields))
      return { ...NOTHING_KNOWN, columns: node.fields, after: node.fields }
    }
    const compiled = compileWhole(node, manifest, request)
    compiledBy.set(node.id, compiled)
    if (node.kind === 'model') {
      for (const statement of checkContract(node, compiled)) await run(statement)
    }
    await run(createView(compiled, view))
    const own = await columnsOf(view, run)
    const increment = request.incrementOf(node.id)
    // What it reads is published, with the columns that it will have when its turn comes.
    const isKnown = increment?.inputs.every(({ id }) => !reshaped.has(id)) === true
    const ofStep = isKnown
      ? await previewIncrement(node, increment, request, run)
      : { estimatedRows: await estimate(increment?.sql ?? `select * from ${quoted(view)}`, run) }
    const target = request.relations.get(quoted(node.relation))
    const columns = node.kind === 'snapshot' ? historyColumns(own, target) : own
    const after =
      increment === undefined || target === undefined
        ? columns
        : columnsAfter(node, target, columns)
    if (after !== own) {
      await run({ purpose: 'preview', sql: `drop view ${identifier(view.identifier)}` })
      await run(emptyView(view, after))
    }
    return { ...NOTHING_KNOWN, columns, after, ...ofStep }
  } catch (error) {
    await run({ purpose: 'rollback', sql: 'rollback to savepoint gm_preview' })
    return { ...NOTHING_KNOWN, problem: problemOf(error, compiledBy, node) }
  } finally {
    // Thousands of savepoints within each other make each next one slower.
    await run({ purpose: 'release', sql: 'release savepoint gm_preview' })
  }
}

const NOTHING_KNOWN: Preview = {
  columns: undefined,
  after: undefined,
  estimatedRows: undefined,
  increment: undefined,
  problem: undefined,
}

/** What a run would say of an error of the database. */
function problemOf(
  error: unknown,
  compiled: ReadonlyMap<NodeId, Compiled>,
  node: BuiltNode,
): GmError {
  const problem = blameNode(placeError(error, compiled), node)
  if (!(problem instanceof GmError)) throw problem
  return problem
}

/** The query by which a step adds rows, over what is published: it may have parts that a full build has not. */
async function previewIncrement(
  node: BuiltNode,
  increment: Compiled,
  { relations }: PreviewRequest,
  run: Run,
): Promise<Partial<Preview>> {
  const view: Relation = { schema: 'pg_temp', identifier: 'gm_increment' }
  const target = relations.get(quoted(node.relation))
  let found: Partial<Preview> = {}
  await run({ purpose: 'savepoint', sql: 'savepoint gm_increment' })
  try {
    await run(createView(increment, view))
    const columns = await columnsOf(view, run)
    const estimatedRows = await estimate(`select * from ${quoted(view)}`, run)
    found = { increment: columns, estimatedRows }
    if (target !== undefined && node.kind === 'model' && !hasColumns(target, columns))
      await tryToInsert(node, target, columns, view, run)
    return found
  } catch (error) {
    return { ...found, problem: problemOf(error, new Map([[node.id, increment]]), node) }
  } finally {
    await run({ purpose: 'rollback', sql: 'rollback to savepoint gm_increment' })
  }
}

/**
 * Whether the database takes the query's rows into columns that do not follow it. Into a table like the model's: asking about that
 * itself would need the privilege to write to it, and wait for whoever makes an index on it.
 */
async function tryToInsert(
  node: ModelNode,
  target: RelationState,
  query: readonly Column[],
  view: Relation,
  run: Run,
): Promise<void> {
  if (node.config.materialization !== undefined) return
  const columns = columnsThatStay(node, target, query).map(identifier).join(', ')
  if (columns === '') return
  await run({
    purpose: 'preview',
    sql: `create temporary table gm_target (like ${quoted(target.relation)}) on commit drop`,
  })
  await run({
    purpose: 'preview',
    sql: `explain insert into pg_temp.gm_target (${columns})\nselect ${columns} from ${quoted(view)}`,
  })
}

function createView(compiled: Compiled, view: Relation): Statement {
  const head = `create temporary view ${identifier(view.identifier)} as\n`
  return aroundUserSql(compiled, { purpose: 'preview', head })
}

/** A template may ask the database about its inputs, and only what is published can be asked. */
function compileWhole(
  node: Exclude<BuiltNode, { kind: 'seed' }>,
  manifest: Manifest,
  request: PreviewRequest,
): Compiled {
  const { vars, runQuery } = request
  const state = { ...wholeState(vars, runQuery && { runQuery }), isUnderContract: true }
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

async function estimate(query: string, run: Run): Promise<number | undefined> {
  await run({ purpose: 'savepoint', sql: 'savepoint gm_estimate' })
  try {
    const rows = await run({ purpose: 'estimate', sql: `explain (format json) ${query}` })
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
