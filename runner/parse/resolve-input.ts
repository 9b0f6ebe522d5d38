import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Manifest, Node, NodeId, RefCall, SourceCall } from '../manifest/node.ts'

/** Nodes by the names that `ref` and `source` use. */
export interface Names {
  /** Models, seeds and snapshots by name; several packages may have one of the same name. */
  readonly refs: ReadonlyMap<string, readonly Node[]>
  /** Sources by `source.table`. */
  readonly sources: ReadonlyMap<string, Node>
  /** The same for nodes that are switched off; both forms of name. */
  readonly disabled: ReadonlyMap<string, Node>
}

const namesOfManifests = new WeakMap<Manifest, Names>()

/** The names of a manifest, indexed once. */
export function namesOf(manifest: Manifest): Names {
  const known = namesOfManifests.get(manifest)
  if (known !== undefined) return known
  const names = indexNames(manifest.nodes.values(), manifest.disabled.values())
  namesOfManifests.set(manifest, names)
  return names
}

export function indexNames(enabled: Iterable<Node>, disabled: Iterable<Node>): Names {
  const refs = new Map<string, Node[]>()
  const sources = new Map<string, Node>()
  for (const node of enabled) {
    if (node.kind === 'source') sources.set(`${node.sourceName}.${node.name}`, node)
    else if (node.kind !== 'test') {
      const same = refs.get(node.name)
      if (same === undefined) refs.set(node.name, [node])
      else same.push(node)
    }
  }
  const off = new Map<string, Node>()
  for (const node of disabled) {
    if (node.kind === 'source') off.set(`${node.sourceName}.${node.name}`, node)
    else if (node.kind !== 'test') off.set(node.name, node)
  }
  return { refs, sources, disabled: off }
}

/** @throws GmError GM2003 when no enabled model, seed or snapshot has the name. */
export function resolveRef(names: Names, call: RefCall, calledFrom?: readonly Location[]): NodeId {
  const found = names.refs
    .get(call.name)
    ?.find((node) => call.package === undefined || node.package === call.package)
  if (found !== undefined) return found.id
  const written = call.package === undefined ? call.name : `${call.package}.${call.name}`
  throw new GmError('GM2003', `there is no model, seed or snapshot "${written}"`, {
    at: call.at,
    calledFrom,
    hint: hintFor(call.name, names, names.refs.keys()),
  })
}

/** @throws GmError GM2004 when no enabled source has the table. */
export function resolveSource(
  names: Names,
  call: SourceCall,
  calledFrom?: readonly Location[],
): NodeId {
  const written = `${call.source}.${call.table}`
  const found = names.sources.get(written)
  if (found !== undefined) return found.id
  throw new GmError('GM2004', `there is no source "${written}"`, {
    at: call.at,
    calledFrom,
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
