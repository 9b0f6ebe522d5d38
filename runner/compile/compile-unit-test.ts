import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type {
  FixtureRow,
  FixtureRows,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  UnitTestNode,
} from '../manifest/node.ts'
import { identifier, literal } from '../manifest/quoted.ts'
import type { Rendered } from '../template/template.ts'
import { compileStatement } from './assemble.ts'
import { columnTypesOf, describeQuery, nameOf, requireNode } from './column-types.ts'
import type { CompileContext } from './compile-scope.ts'
import { givenName, isEphemeral } from './compile-scope.ts'
import type { ColumnType, Compiled } from './compiled.ts'
import { cellLiteral, fixtureSql, placed } from './fixture-sql.ts'
import type { Piece } from './join-rendered.ts'
import { joinRendered } from './join-rendered.ts'
import { prependCtes } from './prepend-ctes.ts'
import { trimStatement } from './trim-statement.ts'

/** Most rows that a failing unit test shows. */
const MOST_SHOWN = 100

/**
 * A unit test as one query: the model's own, over the rows that are given, compared with the rows that it must return. Each
 * row of the answer is one that differs: `surplus`, how often it is returned more than it is expected (negative: less), `cells`,
 * its values as texts in the order of `columns`, and `differing`, the number of such rows. It reads no table.
 * @throws GmError GM3013 unknown columns, GM3015 an input that is not given or whose columns nobody knows, and those of the
 *   model's template.
 */
export function compileUnitTest(context: CompileContext, node: UnitTestNode): Compiled {
  const inner = overriding(context, node)
  const model = requireNode(context.manifest, node.on)
  if (model.kind !== 'model') throw new Error(`${node.id} is about no model`)
  const actual = queryOverGiven(node, model, inner)
  const columns = () => {
    const { runQuery } = context.state
    if (runQuery !== undefined) return describeQuery(actual.text, runQuery)
    throw new GmError('GM3008', 'the columns that are compared are only known with a database', {
      at: node.expect.at,
      hint: 'Use a command that connects, such as gm test.',
    })
  }
  const { names, expected } = expectedRows(node.expect, columns)
  const { text, lines } = joinRendered(comparison(names, actual, expected))
  return {
    id: node.id,
    sql: text,
    lines,
    inputs: [],
    recomputed: [],
    fingerprint: hash('sha256', text),
  }
}

function overriding({ state, project, ...context }: CompileContext, node: UnitTestNode) {
  const { macros, vars, env_vars: env } = node.overrides
  const names = Object.keys(env)
  return {
    ...context,
    macros,
    state: {
      ...state,
      vars: { ...state.vars, ...vars },
      isIncremental: false,
      // Rows are given as they are: changes() of them is all of them.
      isPart: true,
    },
    project: {
      ...project,
      vars: { ...project.vars, ...vars },
      env: new Map([...project.env, ...Object.entries(env)]),
      envAllowed:
        project.envAllowed === 'all'
          ? project.envAllowed
          : new Set([...project.envAllowed, ...names]),
    },
  } satisfies CompileContext
}

/** @throws GmError GM3015 for what the model reads and nobody gives. */
function queryOverGiven(node: UnitTestNode, model: ModelNode, context: CompileContext): Rendered {
  const { manifest } = context
  const types = new Map<Node, readonly ColumnType[]>()
  const fixtures = new Map<NodeId, Rendered>()
  for (const { input, rows, written } of node.given) {
    const of = written === 'this' ? 'this' : nameOf(requireNode(manifest, input))
    fixtures.set(
      input,
      rows.format === 'sql'
        ? queryOf(rows)
        : fixtureSql(
            rows.rows,
            columnTypesOf(requireNode(manifest, input), { ...context, macros: {} }, types),
            of,
          ),
    )
  }
  const keysOf = (input: NodeId, columns: readonly string[]): string =>
    `(select distinct ${columns.map(identifier).join(', ')} from ${identifier(givenName(requireNode(manifest, input)))})`
  const state = {
    ...context.state,
    changedKeys: (input: NodeId, _relation: unknown, columns: readonly string[]) =>
      keysOf(input, columns),
  }
  const { rendered, inputs } = compileStatement({ ...context, state, fixtures }, model)
  const read = inputsOf(model, manifest)
  for (const { input, written, at } of node.given) {
    // Variables may decide what a model reads: what it reads now, or without the overrides.
    const isRead =
      read.has(input) || rendered.text.includes(identifier(givenName(requireNode(manifest, input))))
    if (written !== 'this' && !isRead) throw notRead(written, model, read, context, at)
  }
  const missing = inputs
    .map(({ id }) => requireNode(manifest, id))
    .find(({ id }) => !fixtures.has(id))
  if (missing !== undefined) {
    const call =
      missing.kind === 'source'
        ? `source('${missing.sourceName}', '${missing.name}')`
        : `ref('${missing.name}')`
    throw notGiven(node, `${model.name} reads ${nameOf(missing)}`, `- input: ${call}`)
  }
  const self = fixtures.get(model.id)
  const name = givenName(model)
  if (self !== undefined) return prependCtes([{ name, sql: self }], rendered)
  if (rendered.text.includes(identifier(name)))
    throw notGiven(node, `${model.name} reads its own table`, '- input: this')
  return rendered
}

/** What a model reads, its ephemeral inputs and what these read. */
function inputsOf(model: ModelNode, manifest: Manifest): ReadonlySet<NodeId> {
  const found = new Set<NodeId>()
  const visit = ({ dependsOn }: Node): void => {
    for (const id of dependsOn) {
      const input = requireNode(manifest, id)
      if (found.has(id)) continue
      found.add(id)
      if (isEphemeral(input)) visit(input)
    }
  }
  visit(model)
  return found
}

function notRead(
  written: string,
  model: ModelNode,
  read: ReadonlySet<NodeId>,
  { manifest }: CompileContext,
  at: Location,
): GmError {
  const names = [...read].map((id) => nameOf(requireNode(manifest, id)))
  return new GmError('GM3015', `${written} is given, but ${model.name} does not read it`, {
    at,
    hint: names.length === 0 ? 'It reads nothing.' : `It reads ${names.join(', ')}.`,
  })
}

function notGiven(node: UnitTestNode, what: string, entry: string): GmError {
  return new GmError('GM3015', `${what}, which the unit test does not give`, {
    at: node.at,
    hint: `Add "${entry}" under given; "rows: []" gives no row.`,
  })
}

function queryOf({ sql, at }: { readonly sql: string; readonly at: Location }): Rendered {
  const query = trimStatement(placed(sql, at))
  if (query.text !== '') return query
  throw new GmError('GM3009', 'the rows have no SQL', {
    at,
    hint: 'Write one select statement, or use format: dict.',
  })
}

/** @param columns those that the model returns, for what the rows do not tell. */
function expectedRows(
  rows: FixtureRows,
  columns: () => readonly ColumnType[],
): { readonly names: readonly string[]; readonly expected: Rendered } {
  if (rows.format === 'sql') {
    const names = columns().map(({ name }) => name)
    return { names, expected: joinRendered(['select * from (\n', queryOf(rows), '\n) as rows']) }
  }
  const compared = comparedColumns(rows.rows, columns)
  const pieces: Piece[] = []
  // The model's own columns come first, so that what follows is read as their types.
  for (const [i, { name, at }] of compared.entries())
    pieces.push(i === 0 ? 'select ' : ', ', placed(identifier(name), at ?? rows.at))
  pieces.push(' from actual where false')
  for (const row of rows.rows) {
    const byName = new Map(row.cells.map((cell) => [cell.column, cell]))
    pieces.push('\nunion all\nselect ')
    for (const [i, { name, type }] of compared.entries()) {
      const cell = byName.get(name)
      const text = cellLiteral(cell?.value ?? null, type)
      pieces.push(i === 0 ? '' : ', ', placed(text, cell?.at ?? row.at))
    }
  }
  return { names: compared.map(({ name }) => name), expected: joinRendered(pieces) }
}

interface Compared {
  readonly name: string
  /** Where the rows name it first. */
  readonly at?: Location
  /** Where it decides how a value is written. */
  readonly type?: string
}

/** The columns that the rows name; where they name none, all. The database is asked only for what they do not tell. */
function comparedColumns(
  rows: readonly FixtureRow[],
  columns: () => readonly ColumnType[],
): readonly Compared[] {
  const cells = rows.flatMap((row) => row.cells)
  const named = new Map<string, Compared>()
  for (const { column: name, at } of cells) if (!named.has(name)) named.set(name, { name, at })
  if (named.size === 0) return columns()
  if (!cells.some(({ value }) => typeof value === 'object' && value !== null))
    return [...named.values()]
  const types = new Map(columns().map(({ name, type }) => [name, type]))
  return [...named.values()].map((one) => {
    const type = types.get(one.name)
    return type === undefined ? one : { ...one, type }
  })
}

/** Rows are compared as JSON: any type has it, and 1.0 is 1.00 in it. How often each comes counts as well. */
function comparison(names: readonly string[], actual: Rendered, expected: Rendered): Piece[] {
  const columns = names.map(identifier)
  const values = columns.map(
    // The blanks at the end of a char(n) mean nothing.
    (name) =>
      `case when pg_typeof(${name}) = 'character'::regtype then to_jsonb(${name}::text) else to_jsonb(${name}) end as ${name}`,
  )
  const rowsOf = (from: string, n: number): string =>
    `select to_jsonb(one) as cells, ${n} as n from (select ${values.join(', ')} from ${from}) as one`
  return [
    'with actual as (\n',
    actual,
    '\n),\nexpected as (\n',
    expected,
    `
),
counted as (
  select cells, sum(n) as surplus
  from (
    ${rowsOf('actual', 1)}
    union all
    ${rowsOf('expected', -1)}
  ) as compared
  group by cells
  having sum(n) <> 0
)
select
  surplus::int as surplus,
  array[${names.map((name) => `cells ->> ${literal(name)}`).join(', ')}]::text[] as cells,
  array[${names.map(literal).join(', ')}]::text[] as columns,
  (count(*) over ())::int as differing
from counted
order by cells
limit ${MOST_SHOWN}`,
  ]
}
