import { GmError, throwAll } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Manifest, NodeKind } from '../manifest/node.ts'

/** What a job builds. Its tests come with `gm build`. */
const KINDS: ReadonlySet<NodeKind> = new Set(['model', 'seed', 'snapshot'])

/**
 * The selectors that jobs stand for, as `--select` takes them: a group of project.yml is its own selector, a single
 * model, snapshot or seed is that node with everything it needs, so that each job also runs on an empty warehouse.
 * @throws GmError GM1010 for each name that is neither, all of them together.
 */
export function jobSelectors(
  names: readonly string[],
  groups: Readonly<Record<string, string>>,
  manifest: Manifest,
): readonly string[] {
  const single = new Set(
    [...manifest.nodes.values()].filter(({ kind }) => KINDS.has(kind)).map(({ name }) => name),
  )
  const isGroup = (name: string): boolean => Object.hasOwn(groups, name)
  throwAll(
    names
      .filter((name) => !isGroup(name) && !single.has(name))
      .map((name) => unknownJob(name, Object.keys(groups), single)),
  )
  return names.map((name) => (isGroup(name) ? (groups[name] ?? '') : `+${name}`))
}

function unknownJob(name: string, groups: readonly string[], single: Iterable<string>): GmError {
  const list =
    groups.length === 0
      ? 'project.yml has no jobs; a job is also the name of a model, snapshot or seed.'
      : `There are ${groups.join(', ')}, and the name of every model, snapshot and seed.`
  const meant = didYouMean(name, [...groups, ...single])
  return new GmError('GM1010', `there is no job ${name}`, {
    hint: meant === undefined ? list : `${meant} ${list}`,
  })
}
