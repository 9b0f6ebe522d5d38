import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import { reach } from '../graph/reach.ts'
import type { BuiltNode, NodeId, Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { createSchema } from '../materialize/materialize-view.ts'
import type { Step } from '../plan/plan.ts'
import { withViewsBetween } from '../plan/shadow.ts'
import { KEEPS_ROWS } from '../run/atomic.ts'
import { blameNode } from '../run/blame-node.ts'
import { dropDeadShadows } from '../run/drop-dead-shadows.ts'
import { runLock } from '../state/ledger.ts'
import { dropBeside, recordShadows, schemaBeside } from '../state/shadows.ts'
import type { Built } from './build-beside.ts'
import { buildBeside } from './build-beside.ts'
import type { NodeDiff } from './diff-node.ts'
import { diffNode } from './diff-node.ts'
import type { Diffing } from './diffing.ts'

export interface DiffReport {
  readonly nodes: readonly NodeDiff[]
  /** What was not compared, and why. */
  readonly left: readonly { readonly id: NodeId; readonly reason: string }[]
  readonly problems: readonly { readonly id: NodeId; readonly error: GmError }[]
  /** The schema that the new tables are kept in. */
  readonly kept: string | undefined
}

/**
 * Builds what has changed from its inputs beside the published tables, in a schema of its own, and compares the two row by
 * row. No hook runs, no mark moves. The schema is dropped at the end; what a kill leaves is dropped by the next run.
 */
export async function diffProject(diffing: Diffing): Promise<DiffReport> {
  const { request, session, options } = diffing
  const { runId, signal } = request
  await dropDeadShadows(session)
  await session.lock(runLock(runId), true)
  const steps = stepsAsked(diffing)
  const nodes = nodesToBuild(steps, diffing)
  const places = placesOf(nodes, schemaBeside(runId))
  const names = [...places.values()].map(quoted)
  let isKept = false
  try {
    if (nodes.length > 0) {
      await session.query(recordShadows(runId, byTarget(nodes, places)))
      await session.query(createSchema(schemaBeside(runId)), signal)
    }
    const built = await buildBeside(nodes, places, request, session)
    const { compared, problems } = await compareAll(nodes, places, built, diffing)
    isKept = options.keep && built.made.size > 0
    if (isKept) await session.query(keepShadows(runId))
    return {
      nodes: compared,
      left: [
        ...built.left,
        // What is there is compared with the other tables as it stands.
        ...(options.against === undefined ? steps.filter(onlyGrows) : []).map(({ id }) => ({
          id,
          reason:
            'its code is as it was, and it only gets new rows; --full-refresh builds it again',
        })),
      ],
      problems: [...built.problems, ...problems],
      kept: isKept ? schemaBeside(runId) : undefined,
    }
  } finally {
    if (!isKept) await dropBeside(session, runId, names).catch(() => undefined)
    await session.unlock(runLock(runId)).catch(() => undefined)
  }
}

function byTarget(
  nodes: readonly BuiltNode[],
  places: ReadonlyMap<NodeId, Relation>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    nodes.flatMap(({ id, relation }) => {
      const place = places.get(id)
      return place === undefined ? [] : [[quoted(relation), quoted(place)]]
    }),
  )
}

/** From here on nobody drops them but their owner. */
function keepShadows(runId: string): Statement {
  return {
    purpose: 'keep tables',
    sql: 'delete from gm.shadows where run_id = $1',
    binds: [runId],
  }
}

/** Steps whose code changed and, when asked for, all of the plan below them. */
function stepsAsked({ planned, graph, options }: Diffing): readonly Step[] {
  const running = planned.plan.steps.filter(
    ({ relation, action }) => relation && action !== 'reuse',
  )
  const changed = running.flatMap(({ id, codeIs }) => (codeIs === undefined ? [] : [id]))
  const asked = options.downstream ? reach(graph, changed, 'down') : new Set<NodeId>()
  return running.filter(({ id, codeIs }) => codeIs !== undefined || asked.has(id))
}

/** Whether a run leaves the rows that are there as they are: built whole, the node would differ in what no run changes. */
function onlyGrows({ codeIs, action }: Step): boolean {
  return codeIs === undefined && KEEPS_ROWS.has(action)
}

/** What is built and compared, with the views between; parents first. */
function nodesToBuild(steps: readonly Step[], { request, graph }: Diffing): readonly BuiltNode[] {
  const selected = new Set(steps.filter((step) => !onlyGrows(step)).map(({ id }) => id))
  const work = { order: graph.order, selected, testsGate: false }
  const { selected: all } = withViewsBetween(work, request.manifest)
  return graph.order.flatMap((id) => {
    const node = request.manifest.nodes.get(id)
    return node !== undefined && all.has(id) && isBuilt(node) ? [node] : []
  })
}

/** Tables of several schemas may have one name. */
function placesOf(nodes: readonly BuiltNode[], schema: string): ReadonlyMap<NodeId, Relation> {
  const taken = new Set<string>()
  return new Map(
    nodes.map(({ id, relation }, i) => {
      const name = taken.has(relation.identifier) ? `gm_${i}` : relation.identifier
      taken.add(name)
      return [id, { schema, identifier: name }]
    }),
  )
}

async function compareAll(
  nodes: readonly BuiltNode[],
  places: ReadonlyMap<NodeId, Relation>,
  { made }: Built,
  diffing: Diffing,
): Promise<{
  readonly compared: readonly NodeDiff[]
  readonly problems: DiffReport['problems']
}> {
  const { request, planned, options } = diffing
  const pairs = [...nodes.filter(({ id }) => made.has(id)), ...standing(places, diffing)].map(
    (node) => ({
      node,
      before: options.against === undefined ? node.relation : options.against(node),
      after: places.get(node.id) ?? node.relation,
    }),
  )
  const states = await request.adapter.describe(
    pairs.flatMap(({ before, after }) => [after, ...(before === undefined ? [] : [before])]),
  )
  refuseUnknownColumns(
    options.ignoreColumns,
    [...states.values()],
    [...planned.warehouse.relations.values()],
  )
  if (pairs.length === 0) return { compared: [], problems: [] }
  const stateOf = (relation: Relation | undefined): RelationState | undefined =>
    relation === undefined ? undefined : states.get(quoted(relation))
  const lineage = await diffing.lineage()
  const compared: NodeDiff[] = []
  const problems: DiffReport['problems'][number][] = []
  for (const { node, before, after } of pairs) {
    const fresh = stateOf(after)
    if (fresh === undefined) continue
    try {
      compared.push(await diffNode(node, stateOf(before), fresh, lineage, diffing))
    } catch (error) {
      const blamed = blameNode(error, node)
      if (!(blamed instanceof GmError)) throw blamed
      problems.push({ id: node.id, error: blamed })
    }
  }
  return { compared, problems }
}

/**
 * A name that no table of the project has is misspelt; one that only others have is what somebody always leaves out.
 * @throws GmError GM1010
 */
function refuseUnknownColumns(
  ignored: readonly string[],
  compared: readonly RelationState[],
  others: readonly RelationState[],
): void {
  const here = namesOf(compared)
  const known = new Set([...here, ...namesOf(others)])
  const unknown = ignored.find((name) => !known.has(name))
  if (unknown === undefined || known.size === 0) return
  throw new GmError('GM1010', `no table of the project has the column "${unknown}"`, {
    hint:
      didYouMean(unknown, known) ??
      `--ignore-columns takes columns of what is compared: ${[...new Set(here)].join(', ')}.`,
  })
}

function namesOf(tables: readonly RelationState[]): readonly string[] {
  return tables.flatMap(({ columns }) => columns.map(({ name }) => name))
}

/** Against other tables, what is up to date here is compared as it stands. */
function standing(
  places: ReadonlyMap<NodeId, Relation>,
  { request, planned, options }: Diffing,
): readonly BuiltNode[] {
  if (options.against === undefined) return []
  return planned.plan.steps.flatMap(({ id, relation }) => {
    const node = request.manifest.nodes.get(id)
    const isHere = relation !== undefined && planned.warehouse.relations.has(quoted(relation))
    return node !== undefined && isBuilt(node) && isHere && !places.has(id) ? [node] : []
  })
}
