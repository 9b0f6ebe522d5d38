import { GmError } from '../../base/error.ts'
import { formatLocation } from '../../base/location.ts'
import type { ColumnId, ColumnLineage } from '../../sql/column-lineage.ts'
import { findColumn } from '../../sql/find-column.ts'
import { traceDownstream, traceUpstream } from '../../sql/trace-column.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { LineageFlags, parseFlags } from '../flags.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { projectLineage } from '../project-lineage.ts'
import { plural } from '../render/format.ts'
import { traceScreen } from '../render/trace-screen.ts'
import { jsonAnswer } from '../tell.ts'

/** Shows what a column comes from and what it feeds; without one, how far columns are known. Needs no database. */
export const lineageCommand: CommandAction = async (args, raw, io) => {
  const flags = parseFlags(LineageFlags, raw)
  const opened = openProject(flags, io)
  if (flags.check) {
    // Loaded only here: nothing else of this command needs a database.
    const { compareLineage } = await import('../compare-lineage.ts')
    return await compareLineage(args, flags, opened, io)
  }
  const lineage = await projectLineage(opened)
  const [text] = args
  if (typeof text === 'string') {
    const column = findColumn(text, opened.manifest, lineage)
    io.out(columnAnswer(column, opened, lineage, flags))
    return EXIT.ok
  }
  if (flags.upstream || flags.downstream) {
    throw new GmError('GM1010', '--upstream and --downstream are about one column', {
      hint: 'Such as `gm lineage fact_sales.total_amount --upstream`.',
    })
  }
  io.out(
    flags.output === 'json'
      ? jsonAnswer(Object.fromEntries(lineage.nodes), flags)
      : summary(lineage),
  )
  return EXIT.ok
}

/** Both directions unless one is asked for. */
function columnAnswer(
  column: ColumnId,
  { manifest }: OpenProject,
  lineage: ColumnLineage,
  flags: LineageFlags,
): string {
  const both = flags.upstream === flags.downstream
  const upstream = both || flags.upstream ? traceUpstream(lineage, column) : undefined
  const downstream = both || flags.downstream ? traceDownstream(lineage, column) : undefined
  if (flags.output === 'text') return traceScreen(column, manifest, { upstream, downstream })
  return jsonAnswer({ ...column, upstream, downstream }, flags)
}

function summary({ nodes }: ColumnLineage): string {
  const all = [...nodes.values()]
  const columns = all.reduce((sum, node) => sum + node.columns.length, 0)
  const problems = all.flatMap((node) => node.problems)
  const lines = problems.map(({ message, at }) =>
    at === undefined ? message : `${formatLocation(at)}  ${message}`,
  )
  const head = `${plural(columns, 'column')} of ${plural(all.length, 'node')}`
  if (lines.length === 0) return `${head}, all of them resolved\n`
  return `${head}; not resolved:\n${lines.map((line) => `  ${line}\n`).join('')}`
}
