import { GmError } from '../base/error.ts'
import type { Manifest, Node } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import { compileStatement } from './assemble.ts'
import type { CompileContext } from './compile-scope.ts'
import type { ColumnType, CompileState } from './compiled.ts'
import { fixtureSql } from './fixture-sql.ts'

/**
 * The columns of something that a model reads, whether it has been built yet or not: those of what stands behind its name, of
 * a seed's file, those that the YAML gives types to; else those of its query over inputs that are found in the same way.
 * @throws GmError GM3015 where nothing tells.
 */
export function columnTypesOf(
  node: Node,
  context: CompileContext,
  known = new Map<Node, readonly ColumnType[]>(),
): readonly ColumnType[] {
  const before = known.get(node)
  if (before !== undefined) return before
  const found = findColumns(node, context, known)
  known.set(node, found)
  return found
}

function findColumns(
  node: Node,
  context: CompileContext,
  known: Map<Node, readonly ColumnType[]>,
): readonly ColumnType[] {
  const { state } = context
  if (!isReadable(node)) throw new Error(`${node.id} has no columns`)
  const isInlined = node.kind === 'model' && node.config.materialized === 'ephemeral'
  const there = isInlined ? undefined : state.columnsOf?.(node.relation)
  if (there !== undefined) return there
  if (node.kind === 'seed') return node.fields
  if (node.kind === 'model' && node.contract !== undefined) return node.contract.columns
  const declared = [...node.columns.values()].flatMap(({ name, data_type: type }) =>
    type === undefined ? [] : [{ name, type }],
  )
  if (declared.length > 0 && declared.length === node.columns.size) return declared
  if (node.kind === 'model' && state.runQuery !== undefined) {
    return describeQuery(queryOverNothing(node, context, known), state.runQuery)
  }
  throw new GmError('GM3015', `the columns of ${nameOf(node)} and their types are not known`, {
    at: node.at,
    hint: 'Give each of its columns a data_type in the properties YAML, or let the table be made first.',
  })
}

/** A model's query with no row in any of its inputs. */
function queryOverNothing(
  node: Extract<Node, { kind: 'model' }>,
  context: CompileContext,
  known: Map<Node, readonly ColumnType[]>,
): string {
  const fixtures = new Map(
    node.dependsOn.flatMap((id) => {
      const input = context.manifest.nodes.get(id)
      if (input === undefined || !isReadable(input)) return []
      return [[id, fixtureSql([], columnTypesOf(input, context, known), input.name)] as const]
    }),
  )
  return compileStatement({ ...context, fixtures, macros: {} }, node).rendered.text
}

/** The columns of a query, from the server; none of its rows are computed. */
export function describeQuery(
  sql: string,
  runQuery: NonNullable<CompileState['runQuery']>,
): readonly ColumnType[] {
  const { columns } = runQuery(`select * from (\n${sql}\n) as described where false`)
  const types = columns.map((name) => `pg_catalog.pg_typeof(described.${identifier(name)})::text`)
  const { rows } = runQuery(
    `select ${types.join(', ')} from (select) as one left join (\n${sql}\n) as described on false`,
  )
  return columns.map((name, i) => ({ name, type: String(rows[0]?.[i]) }))
}

/** What users call something that can be read. */
export function nameOf(node: Node): string {
  return node.kind === 'source' ? `${node.sourceName}.${node.name}` : node.name
}

/** The node by its id. @throws Error for an id that linking has let through by mistake. */
export function requireNode(manifest: Manifest, id: Node['id']): Node {
  const node = manifest.nodes.get(id)
  if (node === undefined) throw new Error(`there is no ${id}`)
  return node
}
