import { GmError, throwAll } from '../base/error.ts'
import type { NodeId, NodeKind } from '../manifest/node.ts'
import { selectNodes } from '../select/select-nodes.ts'
import type { SelectFlags } from './flags.ts'
import type { Io } from './io.ts'
import { jobSelectors } from './job-selectors.ts'
import type { OpenProject } from './open-project.ts'
import { warn } from './warn.ts'

/**
 * The nodes that the flags select, of the kinds that the command is about.
 * A selector that matches nothing is a warning as long as others match.
 * @throws GmError GM3001 when nothing at all is selected because of that, GM3002 when a selector cannot be read,
 * GM1010 when a job is unknown or stands beside a selection of its own.
 */
export function selectFor(
  opened: OpenProject,
  flags: SelectFlags,
  io: Io,
  kinds?: readonly NodeKind[],
): ReadonlySet<NodeId> {
  const wanted = flags.resourceType.filter((kind) => kinds?.includes(kind) ?? true)
  // A kind that the command never runs selects nothing, and not everything.
  if (flags.resourceType.length > 0 && wanted.length === 0) return new Set()
  const { nodes, warnings } = selectNodes({
    select: selectorsOf(opened, flags),
    exclude: flags.exclude,
    resourceTypes: wanted.length > 0 ? wanted : kinds,
    manifest: opened.manifest,
    graph: opened.graph,
  })
  if (nodes.size === 0) throwAll(warnings)
  warn(warnings, opened.project.root, flags, io)
  return nodes
}

function selectorsOf({ project, manifest }: OpenProject, flags: SelectFlags): readonly string[] {
  if (flags.job.length === 0) return flags.select
  if (flags.select.length > 0) {
    throw new GmError('GM1010', '--job and --select both say what to take', {
      hint: 'Give one of them; --exclude narrows either.',
    })
  }
  return jobSelectors(flags.job, project.jobs, manifest)
}
