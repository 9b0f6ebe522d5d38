import type { Location } from '../base/location.ts'
import { mergeConfig } from '../manifest/merge-config.ts'
import type { Manifest, Node, NodeConfig, NodeId, NodeKind } from '../manifest/node.ts'
import { NOTHING_READ } from '../manifest/node.ts'

export interface NodeSketch {
  /** Names of the nodes that this one reads; of those that it refers to, with a ref in line 2, 3, … */
  readonly reads?: readonly string[]
  readonly kind?: NodeKind
  /** Relative to the project; `models/<name>.sql` unless given. */
  readonly file?: string
  readonly config?: Partial<NodeConfig>
  /** Tests: the name of the generic test. */
  readonly generic?: string
}

/**
 * A manifest of the project `shop` from a few words a node, by name. Sources are named `source.table`.
 * Node ids are `<kind>.shop.<name>`.
 */
export function manifestOf(sketches: Readonly<Record<string, NodeSketch>>): Manifest {
  const all = Object.entries(sketches).map(([name, sketch]) => toNode(name, sketch, sketches))
  const byId = (wanted: boolean): Map<NodeId, Node> =>
    new Map(
      all
        .filter((node) => node.config.enabled === wanted)
        .map((node) => [node.id, node] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
    )
  return {
    project: 'shop',
    nodes: byId(true),
    disabled: byId(false),
    macros: [],
    groups: new Map(),
    docs: [],
  }
}

/** The id that `manifestOf` gives to a name. */
export function idOf(name: string, kind: NodeKind = 'model'): NodeId {
  return `${kind}.shop.${name}` as NodeId
}

function toNode(name: string, sketch: NodeSketch, all: Readonly<Record<string, NodeSketch>>): Node {
  const { kind = 'model', reads = [], file = `models/${name}.sql` } = sketch
  const at: Location = { file, line: 1, column: 1 }
  const relation = { schema: 'public', identifier: name }
  const base = {
    id: idOf(name, kind),
    name,
    package: 'shop',
    at,
    fqn: ['shop', ...file.split('/').slice(1, -1), name],
    description: '',
    columns: new Map(),
    config: { ...mergeConfig(kind, []), ...sketch.config },
    writtenConfig: { ...mergeConfig(kind, []), ...sketch.config },
    checksum: '',
    dependsOn: reads.map((parent) => idOf(parent, all[parent]?.kind)).toSorted(),
  }
  const templated = {
    rawCode: '',
    refs: reads.map((parent, i) => ({ name: parent, at: { file, line: i + 2, column: 6 } })),
    sources: [],
    changesOf: [],
    macros: [],
    reads: NOTHING_READ,
    keysOf: [],
  }
  switch (kind) {
    case 'seed':
      return { ...base, kind, relation, file, fields: [] }
    case 'source': {
      const [sourceName = '', table = ''] = name.split('.')
      return { ...base, kind, name: table, sourceName, relation }
    }
    case 'test': {
      const on = idOf(reads[0] ?? '')
      const { generic } = sketch
      return generic === undefined
        ? { ...base, ...templated, kind }
        : { ...base, ...templated, kind, generic: { name: generic, arguments: {}, on } }
    }
    case 'unit_test': {
      const { refs, sources } = templated
      const expect = { format: 'rows', at, rows: [] } as const
      const overrides = { macros: {}, vars: {}, env_vars: {} }
      return {
        ...base,
        kind,
        on: idOf(reads[0] ?? ''),
        given: [],
        expect,
        overrides,
        refs,
        sources,
      }
    }
    case 'exposure': {
      const { refs, sources } = templated
      return { ...base, kind, exposureType: 'dashboard', owner: {}, refs, sources }
    }
    case 'analysis':
      return { ...base, ...templated, kind }
    case 'model':
    case 'snapshot':
      return { ...base, ...templated, kind, relation }
  }
}
