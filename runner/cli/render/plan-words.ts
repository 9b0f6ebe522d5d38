import type { GmError } from '../../base/error.ts'
import type { Manifest, NodeId } from '../../manifest/node.ts'
import { describeChanges } from '../../materialize/compare-columns.ts'
import type { PlannedStep, PlanReport } from '../../operate/plan-report.ts'
import type { Affected } from '../../plan/affected.ts'
import { shortName } from '../../sql/find-column.ts'
import { plural } from './format.ts'

/** Names are listed up to here; then there is a count. */
const LISTED = 8

/** `3 of 41 nodes would run, 38 are as their last success left them.` */
export function planHeadline({ steps }: PlanReport): string {
  const running = steps.filter(({ step }) => step.action !== 'reuse')
  if (steps.length === 0) return 'Nothing is selected that could run.'
  if (running.length === 0)
    return `Nothing to do: ${plural(steps.length, 'node is', 'nodes are')} as the last success left ${steps.length === 1 ? 'it' : 'them'}.`
  const reused = steps.length - running.length
  const rest =
    reused === 0
      ? ''
      : `; ${plural(reused, 'is', 'are')} as the last success left ${reused === 1 ? 'it' : 'them'}`
  return `${running.length} of ${plural(steps.length, 'node')} would run${rest}.`
}

/** What changes about a table's columns, and whether it does. */
export function shapeWords({ shape, shapeIsKept }: PlannedStep): string | undefined {
  if (shape === undefined) return undefined
  const words = describeChanges(shape)
  return shapeIsKept === undefined ? words : `${words}: not taken over (${shapeIsKept})`
}

/** `1 node would fail` */
export function problemsHeadline({ problems }: PlanReport): string {
  return `${plural(problems.length, 'node')} would fail`
}

/** At its step. */
export function problemWords({ code, message }: GmError): string {
  return `would fail: ${code} ${message}`
}

/** `3 models, 2 exposures: a, b, c, …` or `nothing`. */
export function affectedWords(
  { models, exposures, uncertain }: Affected,
  manifest: Manifest,
): string {
  const doubt =
    uncertain.length === 0 ? '' : `; not all columns are known of ${namesOf(uncertain, manifest)}`
  const counts = [
    ...(models.length > 0 ? [plural(models.length, 'model')] : []),
    ...(exposures.length > 0 ? [plural(exposures.length, 'exposure')] : []),
  ]
  if (counts.length === 0) return `nothing${doubt}`
  return `${counts.join(', ')}: ${namesOf([...exposures, ...models], manifest)}${doubt}`
}

/** `dim_products`, or `dim_products.price`. */
export function affectedName({ node, column }: Affected, manifest: Manifest): string {
  return column === undefined ? nameOf(node, manifest) : `${nameOf(node, manifest)}.${column}`
}

export function fullRefreshWords(
  { fullRefresh: { rebuilds, rows, keeps } }: PlanReport,
  manifest: Manifest,
): readonly string[] {
  return [
    ...(rebuilds.length === 0
      ? []
      : [
          `--full-refresh would also rebuild ${namesOf(rebuilds, manifest)} (about ${plural(rows, 'row')} now).`,
        ]),
    ...(keeps.length === 0
      ? []
      : [
          `${namesOf(keeps, manifest)} would keep ${keeps.length === 1 ? 'its' : 'their'} rows even then.`,
        ]),
  ]
}

export function namesOf(ids: readonly NodeId[], manifest: Manifest): string {
  const names = ids.slice(0, LISTED).map((id) => nameOf(id, manifest))
  const more = ids.length - names.length
  return more === 0 ? names.join(', ') : `${names.join(', ')} and ${more} more`
}

function nameOf(id: NodeId, manifest: Manifest): string {
  const node = manifest.nodes.get(id)
  return node === undefined ? id : shortName(node)
}
