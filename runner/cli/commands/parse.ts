import type { NodeKind } from '../../manifest/node.ts'
import { artifactsOf } from '../artifacts.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import { openProject } from '../open-project.ts'
import { formatDuration } from '../render/format.ts'
import { foundLine } from '../render/found-line.ts'
import { tell } from '../tell.ts'

/** Checks the files of the project, says what they hold and writes manifest.json. Needs no database. */
export const parseCommand: CommandAction = async (_args, raw, io) => {
  const startMs = performance.now()
  const flags = parseFlags(GlobalFlags, raw)
  const opened = openProject(flags, io)
  const { manifest } = opened
  const totals: Partial<Record<NodeKind, number>> = {}
  for (const node of manifest.nodes.values()) totals[node.kind] = (totals[node.kind] ?? 0) + 1
  const durationMs = performance.now() - startMs
  const text = `${manifest.project}: ${foundLine(totals)}, in ${formatDuration(durationMs)}.\n`
  tell('parsed', { totals, durationMs }, text, flags, io)
  await artifactsOf('parse', opened, flags, io).manifest()
  return EXIT.ok
}
