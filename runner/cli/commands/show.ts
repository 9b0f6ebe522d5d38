import { GmError } from '../../base/error.ts'
import type { Compiled } from '../../compile/compiled.ts'
import { sqlErrorOf } from '../../engine/sql-error.ts'
import type { Rows } from '../../engine/statement.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileText, compileWhole } from '../compile-whole.ts'
import type { OpenWarehouse } from '../connect.ts'
import { deferred } from '../defer.ts'
import { EXIT } from '../exit-code.ts'
import type { SelectFlags } from '../flags.ts'
import { parseFlags, ShowFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { jsonRows } from '../render/json-rows.ts'
import { styleFor } from '../render/style.ts'
import { renderTable } from '../render/table.ts'
import { sayTo } from '../say-to.ts'
import { selectFor } from '../select-for.ts'
import { withWarehouse } from '../with-warehouse.ts'

interface Shown {
  readonly name: string
  readonly compiled: Pick<Compiled, 'sql'> & Partial<Pick<Compiled, 'lines'>>
}

/** Shows rows of what a node's SQL, or the given query, returns right now. Builds nothing. */
export const showCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(ShowFlags, raw)
  const isSelection = flags.select.length > 0 || flags.selector !== undefined
  if ((flags.inline === undefined) !== isSelection) {
    throw new GmError('GM1010', 'gm show takes either --select or --inline', {
      hint: 'Such as `gm show --select fact_sales` or `gm show --inline "select 1"`.',
    })
  }
  const opened = openProject(flags, io)
  return await withWarehouse(opened.project, io, async (warehouse, signal) => {
    for (const shown of await whatToShow(flags, opened, warehouse, io)) {
      const rows = await fetchRows(shown.compiled, flags.limit, warehouse, signal)
      io.out(
        flags.output === 'json' ? jsonScreen(shown, rows, flags) : tableScreen(shown, rows, io),
      )
    }
    return EXIT.ok
  })
}

async function whatToShow(
  flags: ShowFlags,
  opened: OpenProject,
  warehouse: OpenWarehouse,
  io: Io,
): Promise<readonly Shown[]> {
  const describe = warehouse.adapter.describe.bind(warehouse.adapter)
  const talk = { runQuery: warehouse.runQuery, say: sayTo(opened.project.root, flags, io, io.err) }
  if (flags.inline !== undefined) {
    const seen = await deferred(opened, new Set(), flags, io, describe)
    return [{ name: 'inline', compiled: compileText(flags.inline, seen, talk) }]
  }
  // Tests only when they are named: nobody who asks for a table means its tests.
  const wanted: SelectFlags = { ...flags, job: [], indirectSelection: 'empty' }
  const selected = selectFor(opened, wanted, io)
  const seen = await deferred(opened, selected, flags, io, describe)
  return opened.order.flatMap((id) => {
    const node = selected.has(id) ? seen.manifest.nodes.get(id) : undefined
    if (node === undefined || node.kind === 'exposure') return []
    return [{ name: node.name, compiled: compileWhole(node, seen, talk) }]
  })
}

/** Wrapped in a select, so that nothing but a query can run, and the server sends no more rows than are shown. */
async function fetchRows(
  compiled: Shown['compiled'],
  limit: number,
  warehouse: OpenWarehouse,
  signal: AbortSignal,
): Promise<Rows> {
  const head = 'select * from (\n'
  const tail = `\n) as shown${limit === -1 ? '' : ` limit ${limit}`}`
  const session = await warehouse.adapter.open(signal)
  try {
    return await session.query({ purpose: 'show', sql: head + compiled.sql + tail }, signal)
  } catch (error) {
    throw placed(error, compiled, head.length)
  } finally {
    await session.close()
  }
}

/** PostgreSQL's offset in what was sent becomes a place in the template. */
function placed(error: unknown, { lines }: Shown['compiled'], before: number): unknown {
  const offset = sqlErrorOf(error)?.offset
  if (!(error instanceof GmError) || offset === undefined || error.at !== undefined) return error
  const inside = Math.max(0, offset - before)
  return new GmError(error.code, error.message, {
    at: lines?.locate(inside),
    calledFrom: lines?.callersOf(inside),
    hint: error.hint,
    cause: error.cause,
  })
}

function tableScreen({ name }: Shown, rows: Rows, io: Io): string {
  const style = styleFor(io.colour)
  const table = renderTable(rows, { style, width: io.isTerminal ? io.width() : undefined })
  const none = rows.rows.length === 0 ? '(no rows)\n' : ''
  return `${style.bold(name)}\n\n${table}${none}\n`
}

/** The keys of `dbt show --output json`. */
function jsonScreen({ name }: Shown, rows: Rows, { logFormat }: ShowFlags): string {
  const text = `{\n  "node": ${JSON.stringify(name)},\n  "show": ${jsonRows(rows, '  ')}\n}`
  // No string of JSON holds a line end.
  return `${logFormat === 'json' ? text.replaceAll(/\n */g, '') : text}\n`
}
