import { GmError } from '../base/error.ts'
import type { Compiled, CompileState } from '../compile/compiled.ts'
import type { Session } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type {
  BuiltNode,
  Manifest,
  ModelNode,
  NodeId,
  Relation,
  SnapshotNode,
} from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { checkContract } from '../materialize/contract-statements.ts'
import { fillByBatches } from '../materialize/fill-by-batches.ts'
import { fillTable } from '../materialize/fill-table.ts'
import { allBatches, isMicrobatch } from '../plan/microbatch-work.ts'
import { blameNode } from '../run/blame-node.ts'
import { placeError } from '../run/place-error.ts'
import type { RunRequest } from '../run/run-request.ts'
import { wholeState } from '../state/whole-state.ts'

export interface Built {
  readonly made: ReadonlySet<NodeId>
  /** What was not built, and why. */
  readonly left: readonly { readonly id: NodeId; readonly reason: string }[]
  readonly problems: readonly { readonly id: NodeId; readonly error: GmError }[]
}

/**
 * Builds nodes whole under other names, parents first, each over those built before it and otherwise over what is published.
 * One transaction for each, so that no lock and no pg_snapshot is held for longer than one of them takes.
 */
export async function buildBeside(
  nodes: readonly BuiltNode[],
  places: ReadonlyMap<NodeId, Relation>,
  request: RunRequest,
  session: Session,
): Promise<Built> {
  const made = new Set<NodeId>()
  const left: { id: NodeId; reason: string }[] = []
  const problems: { id: NodeId; error: GmError }[] = []
  const missing = new Set<NodeId>()
  let { manifest } = request
  for (const node of nodes) {
    const place = places.get(node.id)
    if (place === undefined) continue
    const broken = node.dependsOn.find((on) => missing.has(on))
    if (broken !== undefined) {
      missing.add(node.id)
      left.push({
        id: node.id,
        reason: `${request.manifest.nodes.get(broken)?.name ?? broken} could not be built`,
      })
      continue
    }
    const over = withPlace(manifest, node, place)
    const compiled = new Map<NodeId, Compiled>()
    try {
      if (await buildOne(node, place, over, compiled, request, session)) {
        made.add(node.id)
        manifest = over
      } else {
        left.push({ id: node.id, reason: 'its past is nowhere else, so it cannot be built again' })
      }
    } catch (error) {
      const placed = blameNode(placeError(error, compiled), node)
      if (!(placed instanceof GmError)) throw placed
      missing.add(node.id)
      problems.push({ id: node.id, error: placed })
    }
  }
  return { made, left, problems }
}

function withPlace(manifest: Manifest, node: BuiltNode, relation: Relation): Manifest {
  const nodes = new Map(manifest.nodes)
  nodes.set(node.id, { ...node, relation })
  return { ...manifest, nodes }
}

/** @returns false for what cannot be built a second time. */
async function buildOne(
  node: BuiltNode,
  place: Relation,
  manifest: Manifest,
  compiled: Map<NodeId, Compiled>,
  request: RunRequest,
  session: Session,
): Promise<boolean> {
  const { vars, runQuery } = request
  const state = { ...wholeState(vars, runQuery && { runQuery }), isUnderContract: true }
  const moved = { ...node, relation: place }
  const compile: Compile = (of, inState) => {
    const sql = request.compile(of, inState, manifest)
    compiled.set(node.id, sql)
    return sql
  }
  const { sql, fill } = fillBeside(moved, state, compile, request.now ?? new Date())
  if (fill === undefined) return false
  const { sql_header: header } = node.config
  const before: readonly Statement[] =
    header === undefined
      ? []
      : [
          {
            purpose: 'sql header',
            sql: request.compileText(moved, header, state),
            isUsers: true,
          },
        ]
  const checks = moved.kind === 'model' && sql !== undefined ? checkContract(moved, sql) : []
  const analyze: Statement = { purpose: 'analyze', sql: `analyze ${quoted(place)}` }
  await session.transaction(
    {
      name: 'build',
      isolation: 'read committed',
      locks: [],
      statements: [...before, ...checks, ...fill, analyze],
    },
    request.signal,
  )
  return true
}

type Compile = (node: ModelNode | SnapshotNode, state: CompileState) => Compiled

/** What builds a node whole: a microbatch model from the batches that a full refresh would make. */
function fillBeside(
  node: BuiltNode,
  state: CompileState,
  compile: Compile,
  now: Date,
): { readonly sql?: Compiled | undefined; readonly fill: readonly Statement[] | undefined } {
  const name = quoted(node.relation)
  if (node.kind === 'seed') return { fill: fillTable(node, undefined, name) }
  if (isMicrobatch(node)) {
    const batches = allBatches(node, now).map((batch) => ({
      batch,
      compiled: compile(node, { ...state, window: batch, batch }),
    }))
    return { sql: batches[0]?.compiled, fill: fillByBatches(node, batches, name) }
  }
  const sql = compile(node, state)
  return { sql, fill: fillTable(node, sql, name) }
}
