import { GmErrors } from '../base/error.ts'
import type { CheckedSql } from '../compile/check-changes.ts'
import { checkChanges, sqlToCheck } from '../compile/check-changes.ts'
import { compileNode } from '../compile/compile-node.ts'
import type { NodeId } from '../manifest/node.ts'
import { cachedText } from './cached-text.ts'
import type { OpenProject } from './open-project.ts'

/**
 * Checks how the selected nodes read what is new, before anything is run. What was found good once is remembered, so that
 * PostgreSQL's parser is loaded only for what has changed.
 * @returns the models of which a row may replace no others than its own: the others of its key are not read again.
 * @throws GmErrors GM3014, all of them.
 */
export async function refuseLostChanges(
  { manifest, project, templates }: OpenProject,
  selected: ReadonlySet<NodeId>,
): Promise<ReadonlySet<NodeId>> {
  const toCheck: CheckedSql[] = []
  for (const id of selected) {
    const node = manifest.nodes.get(id)
    if (node?.kind !== 'model' && node?.kind !== 'snapshot') continue
    const checked = sqlToCheck(
      node,
      (one, state) => compileNode(one, manifest, project, templates, state),
      project.vars,
    )
    if (checked !== undefined) toCheck.push(checked)
  }
  const store = cachedText(project.root, 'changes.json')
  const known = new Map(knownKeys(store.read()))
  const unknown = toCheck.filter(({ key }) => !known.has(key))
  if (unknown.length > 0) {
    const { loadSqlParser } = await import('../sql/parse-sql.ts')
    const parse = await loadSqlParser()
    const errors = unknown.flatMap((one) => {
      const checked = checkChanges(one, parse)
      known.set(one.key, checked.needsUniqueKey)
      return checked.errors
    })
    if (errors.length > 0) throw new GmErrors(errors)
    store.write(JSON.stringify([...known].slice(-REMEMBERED)))
  }
  return new Set(toCheck.filter(({ key }) => known.get(key)).map(({ node }) => node.id))
}

/** More than any project has models; keys of SQL that is no more would add up otherwise. */
const REMEMBERED = 20_000

/** The keys of what was found good, each with whether it needs a unique key. */
function knownKeys(text: string | undefined): readonly (readonly [string, boolean])[] {
  try {
    const keys: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(keys) ? keys.filter(isKnownKey) : []
  } catch {
    // A file that was cut short is as good as none.
    return []
  }
}

function isKnownKey(value: unknown): value is readonly [string, boolean] {
  return Array.isArray(value) && typeof value[0] === 'string' && typeof value[1] === 'boolean'
}
