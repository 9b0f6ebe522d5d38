import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { LsFlags, parseFlags } from '../flags.ts'
import { openProject } from '../open-project.ts'
import { nodeListing } from '../render/node-listing.ts'
import { selectFor } from '../select-for.ts'

/** Lists the selected nodes, parents first. Needs no database. */
export const lsCommand: CommandAction = (_args, raw, io) => {
  const flags = parseFlags(LsFlags, raw)
  const opened = openProject(flags, io)
  const selected = selectFor(opened, flags, io)
  const form = flags.outputKeys.length > 0 ? 'json' : flags.output
  for (const id of opened.order) {
    const node = opened.manifest.nodes.get(id)
    if (node === undefined || !selected.has(id)) continue
    io.out(`${nodeListing(node, form, flags.outputKeys)}\n`)
  }
  return Promise.resolve(EXIT.ok)
}
