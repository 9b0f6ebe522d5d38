import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type {
  BuiltNode,
  Manifest,
  ModelNode,
  Node,
  NodeId,
  RefCall,
  SourceCall,
  Version,
} from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'

/** Nodes by the names that `ref` and `source` use. */
export interface Names {
  /** The project's own package: its nodes come before those of packages. */
  readonly root: string
  /** Models, seeds and snapshots by name; packages and versions may have several of one name. */
  readonly refs: ReadonlyMap<string, readonly ReferableNode[]>
  /** Sources by `source.table`, those of the project first. */
  readonly sources: ReadonlyMap<string, readonly Node[]>
  /** The same for nodes that are switched off; both forms of name. */
  readonly disabled: ReadonlyMap<string, Node>
}

type ReferableNode = BuiltNode | ModelNode

/** Who calls: its package's own nodes come before those of other packages. */
export interface Caller {
  readonly package: string
  readonly calledFrom?: readonly Location[]
}

const namesOfManifests = new WeakMap<Manifest, Names>()

/** The names of a manifest, indexed once. */
export function namesOf(manifest: Manifest): Names {
  const known = namesOfManifests.get(manifest)
  if (known !== undefined) return known
  const names = indexNames(manifest.project, manifest.nodes.values(), manifest.disabled.values())
  namesOfManifests.set(manifest, names)
  return names
}

export function indexNames(root: string, enabled: Iterable<Node>, disabled: Iterable<Node>): Names {
  const refs = new Map<string, ReferableNode[]>()
  const sources = new Map<string, Node[]>()
  for (const node of enabled) {
    if (node.kind === 'source') append(sources, `${node.sourceName}.${node.name}`, node)
    else if (isReadable(node)) append(refs, node.name, node)
  }
  const off = new Map<string, Node>()
  for (const node of disabled) {
    if (node.kind === 'source') off.set(`${node.sourceName}.${node.name}`, node)
    else if (isReadable(node)) off.set(node.name, node)
  }
  return { root, refs, sources, disabled: off }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** Those of the project, else those of the caller's package, else all, as dbt looks for them. */
function nearestOf<T extends Node>(
  nodes: readonly T[],
  root: string,
  caller: string,
): readonly T[] {
  for (const owner of [root, caller]) {
    const own = nodes.filter((node) => node.package === owner)
    if (own.length > 0) return own
  }
  return nodes
}

/** @throws GmError GM2003 when no enabled model, seed or snapshot has the name, or not in that version. */
export function resolveRef(names: Names, call: RefCall, caller: Caller): NodeId {
  const all = names.refs.get(call.name) ?? []
  const candidates =
    call.package === undefined
      ? nearestOf(all, names.root, caller.package)
      : all.filter((node) => node.package === call.package)
  const found = candidates.find((node) => isVersion(node, call.version))
  if (found !== undefined) return found.id
  const written = call.package === undefined ? call.name : `${call.package}.${call.name}`
  const place = { at: call.at, calledFrom: caller.calledFrom }
  const versions = candidates.flatMap((node) =>
    node.kind === 'model' && node.version !== undefined ? [String(node.version)] : [],
  )
  if (candidates.length > 0) {
    throw new GmError('GM2003', `"${written}" has no version ${call.version ?? ''}`, {
      ...place,
      hint:
        versions.length === 0
          ? 'It has no versions: leave v away.'
          : `The versions are ${versions.sort().join(', ')}.`,
    })
  }
  throw new GmError('GM2003', `there is no model, seed or snapshot "${written}"`, {
    ...place,
    hint: hintFor(call.name, names, names.refs.keys()),
  })
}

function isVersion(node: ReferableNode, wanted: Version | undefined): boolean {
  if (node.kind !== 'model' || node.version === undefined) return wanted === undefined
  return String(node.version) === String(wanted ?? node.latestVersion)
}

/** @throws GmError GM2004 when no enabled source has the table. */
export function resolveSource(names: Names, call: SourceCall, caller: Caller): NodeId {
  const written = `${call.source}.${call.table}`
  const [found] = nearestOf(names.sources.get(written) ?? [], names.root, caller.package)
  if (found !== undefined) return found.id
  throw new GmError('GM2004', `there is no source "${written}"`, {
    at: call.at,
    calledFrom: caller.calledFrom,
    hint: hintFor(written, names, names.sources.keys()),
  })
}

function hintFor(name: string, names: Names, candidates: Iterable<string>): string {
  const off = names.disabled.get(name)
  if (off !== undefined) {
    return `${off.at.file} defines it, but it is switched off (enabled: false).`
  }
  return didYouMean(name, candidates) ?? 'Check the name, or add a file that defines it.'
}
