import { GmError, throwAll } from '../base/error.ts'
import type { NodeId, NodeKind } from '../manifest/node.ts'
import type { NamedSelector } from '../select/read-selectors.ts'
import type { SelectOptions } from '../select/select-nodes.ts'
import { selectNodes } from '../select/select-nodes.ts'
import { earlierState } from './earlier-state.ts'
import type { SelectFlags } from './flags.ts'
import { RESOURCE_TYPES } from './flags.ts'
import type { Io } from './io.ts'
import { jobSelectors } from './job-selectors.ts'
import type { OpenProject } from './open-project.ts'
import { projectSelectors } from './project-selectors.ts'
import { warn } from './warn.ts'

const NODE_KINDS: readonly NodeKind[] = RESOURCE_TYPES

/**
 * The nodes that the flags select, of the kinds that the command is about.
 * A selector that matches nothing is a warning as long as others match.
 * @throws GmError GM3001 when nothing at all is selected because of that, GM3002 when a selector cannot be read, GM3011
 * when it compares with an earlier state and there is none,
 * GM1010 when a job is unknown or stands beside a selection of its own.
 *
 * @param kinds all that the command can take; every kind unless given.
 * @param standard what it takes unless --resource-type says otherwise.
 */
export function selectFor(
  opened: OpenProject,
  flags: SelectFlags,
  io: Io,
  kinds?: readonly NodeKind[],
  standard = kinds,
): ReadonlySet<NodeId> {
  const asked = flags.resourceType.flatMap((type): readonly NodeKind[] =>
    type === 'all' ? (kinds ?? NODE_KINDS) : type === 'default' ? (standard ?? NODE_KINDS) : [type],
  )
  const wanted = asked.filter((kind) => kinds?.includes(kind) ?? true)
  // A kind that the command never runs selects nothing, and not everything.
  if (flags.resourceType.length > 0 && wanted.length === 0) return new Set()
  const selectors = projectSelectors(opened.project.root)
  const { nodes, warnings } = selectNodes({
    ...selectionOf(opened, flags, selectors),
    exclude: flags.exclude,
    resourceTypes: wanted.length > 0 ? wanted : standard,
    excludeResourceTypes: flags.excludeResourceType,
    manifest: opened.manifest,
    graph: opened.graph,
    columns: opened.columns,
    indirect: flags.indirectSelection,
    selectors: new Map([...selectors].map(([name, { definition }]) => [name, definition])),
    state: flags.state === undefined ? undefined : earlierState(flags.state, opened, io),
  })
  if (nodes.size === 0) throwAll(warnings)
  warn(warnings, opened.project.root, flags, io)
  return nodes
}

/** What to take: one of a selector, jobs and a selection; where none is given, the default of selectors.yml. */
function selectionOf(
  { project, manifest }: OpenProject,
  flags: SelectFlags,
  selectors: ReadonlyMap<string, NamedSelector>,
): Pick<SelectOptions, 'select' | 'selector'> {
  const given = [
    ...(flags.job.length > 0 ? ['--job'] : []),
    ...(flags.select.length > 0 ? ['--select'] : []),
    ...(flags.selector !== undefined ? ['--selector'] : []),
  ]
  if (given.length > 1) {
    throw new GmError('GM1010', `${given.join(' and ')} both say what to take`, {
      hint: 'Give one of them; --exclude narrows either.',
    })
  }
  if (flags.selector !== undefined) return { selector: flags.selector }
  if (flags.job.length > 0) return { select: jobSelectors(flags.job, project.jobs, manifest) }
  if (flags.select.length > 0 || flags.exclude.length > 0) return { select: flags.select }
  const standard = [...selectors.values()].find(({ isDefault }) => isDefault)
  return standard === undefined ? {} : { selector: standard.name }
}
