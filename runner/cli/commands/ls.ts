import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { LsFlags, parseFlags, RESOURCE_TYPES } from '../flags.ts'
import { openProject } from '../open-project.ts'
import { nodeListing } from '../render/node-listing.ts'
import { selectFor } from '../select-for.ts'
import { withColumns } from '../with-columns.ts'

/** Analyses are listed when they are asked for with --resource-type, as in dbt. */
const STANDARD = RESOURCE_TYPES.filter((kind) => kind !== 'analysis')

/** Lists the selected nodes, parents first. Needs no database. */
export const lsCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(LsFlags, raw)
  const opened = await withColumns(openProject(flags, io), flags)
  const selected = selectFor(opened, flags, io, undefined, STANDARD)
  const form = flags.outputKeys.length > 0 ? 'json' : flags.output
  for (const id of opened.order) {
    const node = opened.manifest.nodes.get(id)
    if (node === undefined || !selected.has(id)) continue
    io.out(`${nodeListing(node, form, flags.outputKeys)}\n`)
  }
  return EXIT.ok
}
