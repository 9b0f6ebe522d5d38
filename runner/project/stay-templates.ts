import type { Path } from './explain-issues.ts'

/** Keys whose texts are templates for later: hooks see the database, targets have rules of their own. */
const LATER: ReadonlySet<string | number> = new Set([
  'on-run-start',
  'on-run-end',
  'query-comment',
  'vars',
  'targets',
])
const HOOK = /^\+?(pre|post)[-_]hook$/

/** Paths of a project file that are not rendered when it is read. */
export function stayTemplates(path: Path): boolean {
  const [first = ''] = path
  return LATER.has(first) || path.some((key) => HOOK.test(String(key)))
}
