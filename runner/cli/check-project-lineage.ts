import { GmError, gmErrorsOf } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { CompileState } from '../compile/compiled.ts'
import type { Session } from '../engine/adapter.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import type { DatabaseCatalog, DatabaseColumn } from '../sql/check-lineage.ts'
import { checkLineage, databaseCatalog } from '../sql/check-lineage.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError, loadSqlParser } from '../sql/parse-sql.ts'
import { compileWhole } from './compile-whole.ts'
import type { OpenProject } from './open-project.ts'

const COLUMNS = `select c.oid::text as oid, n.nspname::text as schema, c.relname::text as relation,
  a.attname::text as "column", a.attnum::int as position, format_type(a.atttypid, null) as type
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid
where n.nspname not in ('pg_catalog', 'pg_toast', 'information_schema')
  and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
order by c.oid, a.attnum`

const AGGREGATES = `select distinct p.proname::text as name
from pg_proc as p
join pg_namespace as n on n.oid = p.pronamespace
where p.prokind = 'a' and n.nspname <> 'pg_catalog'`

/** What the comparison says of a project. */
export interface LineageCheck {
  /** Nodes of which both sides say the same. */
  readonly alike: number
  readonly different: readonly NodeFinding[]
  /** Nodes that the database could not analyse, mostly because what they read is not built. */
  readonly unchecked: readonly NodeFinding[]
}

export interface NodeFinding {
  readonly node: NodeId
  readonly message: string
  readonly at: Location
}

/**
 * Compares the lineage of every model, snapshot, test and analysis with what PostgreSQL itself makes of its SQL: it is
 * given to the server as the body of a temporary function, whose analysed tree is read, and all of it is rolled back.
 * Nothing is run. What the SQL reads must have been built.
 */
export async function checkProjectLineage(
  opened: OpenProject,
  session: Session,
  runQuery: NonNullable<CompileState['runQuery']>,
  signal: AbortSignal,
): Promise<LineageCheck> {
  const parse = await loadSqlParser()
  const columns = await ask(session, COLUMNS, signal)
  const aggregates = await ask(session, AGGREGATES, signal)
  const known = databaseCatalog(
    columns as unknown as readonly DatabaseColumn[],
    aggregates.map(({ name }) => String(name)),
  )
  const different: NodeFinding[] = []
  const unchecked: NodeFinding[] = []
  let alike = 0
  for (const id of opened.order) {
    const node = opened.manifest.nodes.get(id)
    if (node === undefined || !('rawCode' in node)) continue
    try {
      const compiled = compileWhole(node, opened, { runQuery })
      const found = await checkNode(node, compiled, session, { parse, known, signal })
      if (found.length === 0) alike += 1
      different.push(...found)
    } catch (thrown) {
      const errors = gmErrorsOf(thrown)
      if (errors === undefined) throw thrown
      unchecked.push(...errors.map(({ message, at }) => ({ node: id, message, at: at ?? node.at })))
    }
  }
  return { alike, different, unchecked }
}

async function checkNode(
  node: Node,
  { sql, lines }: ReturnType<typeof compileWhole>,
  session: Session,
  { parse, known, signal }: { parse: ParseSql; known: DatabaseCatalog; signal: AbortSignal },
): Promise<readonly NodeFinding[]> {
  const parsed = parse(sql)
  // More than one statement would leave the function's body and run.
  if (isSyntaxError(parsed) || parsed.statements.length !== 1) {
    const message = isSyntaxError(parsed) ? parsed.message : 'it is not one statement'
    throw new GmError('GM3010', `PostgreSQL cannot be asked: ${message}`, { at: node.at })
  }
  await ask(session, 'begin', signal)
  try {
    // A function, not a view: its columns may share a name or have none.
    await ask(
      session,
      `create function pg_temp._gm_lineage() returns setof record begin atomic\n${sql}\n;end`,
      signal,
    )
    const [row] = await ask(
      session,
      `select prosqlbody::text as tree from pg_proc where oid = 'pg_temp._gm_lineage()'::regprocedure`,
      signal,
    )
    return checkLineage(sql, String(row?.['tree']), parse, known).map(({ message, offset }) => ({
      node: node.id,
      message,
      at: (offset === undefined ? undefined : lines?.locate(offset)) ?? node.at,
    }))
  } finally {
    // Even where the user has interrupted: the session goes on with the next one or is closed.
    await ask(session, 'rollback')
  }
}

async function ask(
  session: Session,
  sql: string,
  signal?: AbortSignal,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { rows } = await session.query({ purpose: 'check lineage', sql }, signal)
  return rows
}
