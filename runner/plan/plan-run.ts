import type { BuiltNode, CheckingNode, Manifest, Node, NodeId } from '../manifest/node.ts'
import { isBuilt, isChecking } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Plan, Step } from './plan.ts'
import { planAhead } from './plan-ahead.ts'
import type { PlanRequest, Warehouse } from './plan-request.ts'

export interface Work {
  /** Every node of the manifest, parents first. */
  readonly order: readonly NodeId[]
  readonly selected: ReadonlySet<NodeId>
  /** `build`: a failing test holds back what comes after the nodes that it tests. */
  readonly testsGate: boolean
}

/** A node that a step is made for, with the steps it must wait for. */
export interface PlannedNode {
  readonly node: BuiltNode | CheckingNode
  readonly needs: readonly NodeId[]
}

/** Which nodes get a step, in order, and what each waits for; nodes between them that get none are looked through. */
export function planNodes(work: Work, manifest: Manifest): readonly PlannedNode[] {
  const nearest = new Map<NodeId, ReadonlySet<NodeId>>()
  const planned: PlannedNode[] = []
  const unitTests = work.testsGate ? unitTestsOf(work.selected, manifest) : new Map<NodeId, []>()
  const below = ({ dependsOn }: Node): Set<NodeId> =>
    new Set(dependsOn.flatMap((parent) => [...(nearest.get(parent) ?? [])]))
  for (const id of work.order) {
    const node = manifest.nodes.get(id)
    if (node === undefined) continue
    // A unit test comes before its model, as soon as what the model reads is there.
    const model = node.kind === 'unit_test' ? manifest.nodes.get(node.on) : undefined
    const needs = below(model ?? node)
    for (const test of unitTests.get(id) ?? []) needs.add(test)
    const hasStep = work.selected.has(id) && (isBuilt(node) || isChecking(node))
    if (hasStep) planned.push({ node, needs: [...needs].sort() })
    nearest.set(id, hasStep ? new Set([id]) : needs)
  }
  if (!work.testsGate) return planned
  const gated = letTestsGate(planned, work.order, manifest)
  return unitTests.size === 0 ? gated : inOrder(gated)
}

/** The selected unit tests by the model that they are about. */
function unitTestsOf(
  selected: ReadonlySet<NodeId>,
  manifest: Manifest,
): ReadonlyMap<NodeId, readonly NodeId[]> {
  const found = new Map<NodeId, NodeId[]>()
  for (const id of selected) {
    const node = manifest.nodes.get(id)
    if (node?.kind === 'unit_test') found.set(node.on, [...(found.get(node.on) ?? []), id])
  }
  return found
}

/**
 * Makes every node wait for the tests of its parents. A test over several nodes gates only what lies downstream of all
 * of them, as in dbt: otherwise a relationship test would make a parent wait for its own child.
 */
function letTestsGate(
  planned: readonly PlannedNode[],
  order: readonly NodeId[],
  manifest: Manifest,
): readonly PlannedNode[] {
  const testsOf = new Map<NodeId, NodeId[]>()
  for (const { node } of planned) {
    if (node.kind !== 'test') continue
    for (const parent of node.dependsOn)
      testsOf.set(parent, [...(testsOf.get(parent) ?? []), node.id])
  }
  if (testsOf.size === 0) return planned
  const above = testedAncestors(order, manifest, testsOf)
  const gated = planned.map(({ node, needs }) => {
    if (isChecking(node)) return { node, needs }
    const tested = above.get(node.id) ?? new Set<NodeId>()
    const gates = new Set(needs)
    for (const parent of tested) {
      for (const test of testsOf.get(parent) ?? []) {
        const over = manifest.nodes.get(test)?.dependsOn ?? []
        if (over.every((id) => tested.has(id))) gates.add(test)
      }
    }
    return { node, needs: [...gates].sort() }
  })
  return inOrder(gated)
}

/** For each node the tested nodes above it: only those matter, which keeps the sets small. */
function testedAncestors(
  order: readonly NodeId[],
  manifest: Manifest,
  testsOf: ReadonlyMap<NodeId, unknown>,
): ReadonlyMap<NodeId, ReadonlySet<NodeId>> {
  const above = new Map<NodeId, ReadonlySet<NodeId>>()
  for (const id of order) {
    const result = new Set<NodeId>()
    for (const parent of manifest.nodes.get(id)?.dependsOn ?? []) {
      if (testsOf.has(parent)) result.add(parent)
      for (const ancestor of above.get(parent) ?? []) result.add(ancestor)
    }
    above.set(id, result)
  }
  return above
}

/** Tests were planned after their parents but perhaps after a child that now waits for them: sort again, stably. */
function inOrder(planned: readonly PlannedNode[]): readonly PlannedNode[] {
  const waiting = new Map(planned.map((item) => [item.node.id, item.needs.length]))
  const dependents = new Map<NodeId, PlannedNode[]>()
  for (const item of planned) {
    for (const need of item.needs) dependents.set(need, [...(dependents.get(need) ?? []), item])
  }
  const ready = planned.filter((item) => item.needs.length === 0)
  const sorted: PlannedNode[] = []
  for (let item = ready.shift(); item !== undefined; item = ready.shift()) {
    sorted.push(item)
    for (const dependent of dependents.get(item.node.id) ?? []) {
      const left = (waiting.get(dependent.node.id) ?? 0) - 1
      waiting.set(dependent.node.id, left)
      if (left === 0) ready.push(dependent)
    }
  }
  return sorted
}

/**
 * The whole run as the warehouse stands now. What earlier steps will change is foreseen as far as it decides later
 * ones: a rebuilt input makes its consumers rebuild.
 */
export function planRun(
  planned: readonly PlannedNode[],
  order: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
): Plan {
  const rebuilt = new Set<string>()
  const made = new Set<string>()
  const changing = new Set<NodeId>()
  const steps = new Map<NodeId, Step>()
  const needsOf = new Map(planned.map(({ node, needs }) => [node.id, { node, needs }]))
  // Nodes without a step are walked as well: a view passes on what changes below it, selected or not.
  for (const id of order) {
    const item = needsOf.get(id)
    if (item !== undefined) {
      const step = planAhead(item.node, item.needs, request, warehouse, {
        rebuilt,
        made,
        changing,
        reshaped: new Set(),
      })
      steps.set(id, step)
      if (step.relation !== undefined) {
        made.add(quoted(step.relation))
        if (isNewTable(step)) rebuilt.add(quoted(step.relation))
      }
      if (step.action !== 'reuse') changing.add(id)
    }
    const node = request.manifest.nodes.get(id)
    if (node !== undefined && isTransparent(node) && node.dependsOn.some((on) => changing.has(on)))
      changing.add(id)
  }
  return { steps: planned.flatMap(({ node }) => steps.get(node.id) ?? []) }
}

/** Without rows of its own: what changes below it changes what it gives. */
function isTransparent(node: Node): boolean {
  return (
    node.kind === 'model' &&
    node.config.materialized !== 'table' &&
    node.config.materialized !== 'incremental'
  )
}

const NEW_TABLES: ReadonlySet<Step['action']> = new Set<Step['action']>([
  'build table',
  'build materialized view',
  'build incremental',
  'build history',
  'load seed',
])

function isNewTable(step: Step): boolean {
  return NEW_TABLES.has(step.action)
}
