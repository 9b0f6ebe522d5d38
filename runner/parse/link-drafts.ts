import type { GmError } from '../base/error.ts'
import type {
  FollowedKeys,
  ModelNode,
  Node,
  NodeId,
  RefCall,
  SourceCall,
  UnitTestNode,
} from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { orNone } from '../manifest/shared-empty.ts'
import type { Draft } from './draft.ts'
import { collecting } from './draft.ts'
import { inputOfArgument } from './generic-test.ts'
import type { InputCall } from './record-template.ts'
import type { Caller, Names } from './resolve-input.ts'
import { indexNames, resolveRef, resolveSource } from './resolve-input.ts'

export interface Linked {
  /** Sorted by id. */
  readonly enabled: ReadonlyMap<NodeId, Node>
  readonly disabled: ReadonlyMap<NodeId, Node>
}

/**
 * Gives each node its inputs by id.
 * @param root the project's own package.
 * @param broken names of files with errors of their own; nothing is said about calls for them.
 * @param errors takes GM2003 and GM2004 for calls of enabled nodes that find nothing.
 */
export function linkDrafts(
  root: string,
  drafts: readonly Draft[],
  broken: ReadonlySet<string>,
  errors: GmError[],
): Linked {
  const byId = [...drafts].sort((a, b) =>
    a.node.id < b.node.id ? -1 : a.node.id > b.node.id ? 1 : 0,
  )
  const on = byId.filter(({ node }) => node.config.enabled)
  const off = byId.filter(({ node }) => !node.config.enabled)
  const names = indexNames(
    root,
    on.map(({ node }) => node),
    off.map(({ node }) => node),
  )
  return {
    enabled: new Map(on.map((draft) => [draft.node.id, link(draft, names, broken, errors)])),
    disabled: new Map(off.map(({ node }) => [node.id, node])),
  }
}

function link(
  { node, inputs }: Draft,
  names: Names,
  broken: ReadonlySet<string>,
  errors: GmError[],
): Node {
  if (node.kind === 'seed' || node.kind === 'source') return node
  const caller = { package: node.package }
  const refs: RefCall[] = []
  const sources: SourceCall[] = []
  // Plain lists: nearly all nodes have one input or a few, and there are tens of thousands of nodes.
  const dependsOn: NodeId[] = []
  const changesOf: NodeId[] = []
  const keysOf: FollowedKeys[] = []
  for (const input of inputs) {
    if (input.kind === 'ref' && broken.has(input.name)) continue
    const id = resolve(input, caller, names, errors)
    if (id === undefined) continue
    if (!dependsOn.includes(id)) dependsOn.push(id)
    if (input.viaChanges && !changesOf.includes(id)) changesOf.push(id)
    for (const columns of input.keys ?? []) addKeys(keysOf, id, columns)
    if (input.kind === 'source') {
      sources.push({ source: input.source, table: input.table, at: input.at })
    } else {
      const { name, package: owner, version, at } = input
      refs.push({
        name,
        at,
        ...(owner !== undefined && { package: owner }),
        ...(version !== undefined && { version }),
      })
    }
  }
  if (node.kind === 'unit_test') return withGiven(node, inputs, refs, sources, names, errors)
  const linked = {
    refs: orNone(refs),
    sources: orNone(sources),
    dependsOn: orNone(dependsOn.sort()),
  }
  if (node.kind === 'exposure') return { ...node, ...linked }
  const kept = node.kind === 'model' ? withReferences(node, names, errors) : node
  return { ...kept, ...linked, changesOf: orNone(changesOf.sort()), keysOf: orNone(keysOf) }
}

/** Foreign keys with the tables that they refer to. */
function withReferences(node: ModelNode, names: Names, errors: GmError[]): ModelNode {
  const { contract } = node
  if (contract?.constraints.some(({ to }) => to !== undefined) !== true) return node
  const constraints = contract.constraints.map((one) => {
    const call = inputOfArgument(one.to, one.at)
    if (call?.kind !== 'source') return one
    const id = resolve(call, node, names, errors)
    const candidates = names.sources.get(`${call.source}.${call.table}`) ?? []
    const source = candidates.find((found) => found.id === id)
    return source?.kind === 'source' ? { ...one, to: quoted(source.relation) } : one
  })
  return { ...node, contract: { ...contract, constraints } }
}

/** A unit test depends on its model alone: what stands for an input need not be there. */
function withGiven(
  node: UnitTestNode,
  inputs: readonly InputCall[],
  refs: readonly RefCall[],
  sources: readonly SourceCall[],
  names: Names,
  errors: GmError[],
): UnitTestNode {
  const rest = [...inputs]
  const given = node.given.map((one) => {
    if (one.written === 'this') return one
    const call = rest.shift()
    // What it does not find has been reported.
    const input = call && resolve({ ...call, isOptional: true }, node, names, errors)
    return input === undefined ? one : { ...one, input }
  })
  return { ...node, given, refs, sources }
}

function addKeys(keysOf: FollowedKeys[], input: NodeId, columns: readonly string[]): void {
  const isKnown = keysOf.some((of) => of.input === input && of.columns.join() === columns.join())
  if (!isKnown) keysOf.push({ input, columns })
}

function resolve(
  input: InputCall,
  caller: Caller,
  names: Names,
  errors: GmError[],
): NodeId | undefined {
  return collecting(input.isOptional ? [] : errors, () =>
    input.kind === 'ref' ? resolveRef(names, input, caller) : resolveSource(names, input, caller),
  )
}
