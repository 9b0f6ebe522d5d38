import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { formatLocation } from '../base/location.ts'
import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import { findCycles } from './find-cycles.ts'
import type { Graph } from './graph.ts'
import { makeGraph } from './graph.ts'

/**
 * The graph of all nodes of a project.
 *
 * @throws GmError or GmErrors GM2006 cycles, each as its exact path with the places of its refs.
 */
export function buildGraph(manifest: Manifest): Graph {
  const nodes = [...manifest.nodes.values()]
  const graph = makeGraph(new Map(nodes.map((node) => [node.id, node.dependsOn])))
  if (graph.order.length < graph.size) {
    throwAll(findCycles(graph, manifest.nodes.keys()).map((cycle) => cycleError(cycle, manifest)))
  }
  return graph
}

/** @param cycle each node depends on the next, the last on the first. */
function cycleError(cycle: readonly NodeId[], manifest: Manifest): GmError {
  const nodes = cycle.flatMap((id) => manifest.nodes.get(id) ?? [])
  const links = nodes.map((node, i) => {
    const parent = nodes[(i + 1) % nodes.length] ?? node
    return { node, parent, at: placeOfDependency(node, parent) }
  })
  const path = [...nodes, ...nodes.slice(0, 1)].map((node) => node.name).join(' → ')
  const places = links.map(
    ({ node, parent, at }) => `${node.name} reads ${parent.name} at ${formatLocation(at)}`,
  )
  return new GmError('GM2006', `models depend on each other: ${path}`, {
    at: links[0]?.at,
    hint: `Remove one of these: ${places.join('; ')}.`,
  })
}

/** The ref that makes a dependency; the node's own place for one that comes from a macro. */
function placeOfDependency(node: Node, parent: Node): Location {
  if (!('refs' in node)) return node.at
  const call = node.refs.find(
    (ref) => ref.name === parent.name && (ref.package ?? parent.package) === parent.package,
  )
  return call?.at ?? node.at
}
