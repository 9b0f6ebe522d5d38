import { throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { GivenConfig } from '../manifest/config-schema.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { mergeConfig } from '../manifest/merge-config.ts'
import type { NodeConfig, NodeKind } from '../manifest/node.ts'
import type { ConfigTree, Project } from '../project/project.ts'

/** What one `config(…)` call in a file gave. */
export interface InFileConfig {
  readonly values: Readonly<Record<string, unknown>>
  readonly at: Location
}

/** Merges the levels of configuration of a project's nodes and remembers which folders' levels were of use. */
export interface ConfigLevels {
  /**
   * One configuration: project.yml from the root of its tree inwards, then the given levels in order. For models these
   * are the properties YAML and config() in the file.
   */
  merge(kind: NodeKind, fqn: readonly string[], levels: readonly GivenConfig[]): NodeConfig
  /** @throws GmError or GmErrors GM1002, GM1003, GM1008 for what config() gave. */
  check(kind: NodeKind, inFile: readonly InFileConfig[]): readonly GivenConfig[]
  /** Levels of project.yml that hold configuration for no node at all. */
  unused(): readonly ConfigTree[]
}

const TREES = {
  model: 'models',
  snapshot: 'snapshots',
  seed: 'seeds',
  test: 'tests',
  source: 'sources',
} as const satisfies Record<NodeKind, keyof Project['resourceConfig']>

export function configLevels(trees: Project['resourceConfig']): ConfigLevels {
  const used = new Set<ConfigTree>()
  // Most nodes of a folder have exactly its configuration; merging it once saves most of the time of linking.
  const byTree = new Map<string, NodeConfig>()
  const checked = new Map<string, GivenConfig>()

  const levelsOf = (
    kind: NodeKind,
    fqn: readonly string[],
  ): { key: string; path: ConfigTree[] } => {
    let tree: ConfigTree | undefined = trees[TREES[kind]]
    const path: ConfigTree[] = [tree]
    let key: string = kind
    for (const part of fqn) {
      tree = tree.children.get(part)
      if (tree === undefined) break
      path.push(tree)
      key += `/${part}`
    }
    return { key, path }
  }

  return {
    merge(kind, fqn, levels) {
      const { key, path } = levelsOf(kind, fqn)
      for (const tree of path) used.add(tree)
      const given = levels.filter((level) => Object.keys(level).length > 0)
      if (given.length > 0) return mergeConfig(kind, [...path.map((tree) => tree.config), ...given])
      let config = byTree.get(key)
      if (config === undefined) {
        config = mergeConfig(
          kind,
          path.map((tree) => tree.config),
        )
        byTree.set(key, config)
      }
      return config
    },
    check: (kind, inFile) => inFile.map((level) => checkInFile(kind, level, checked)),
    unused() {
      return Object.values(trees).flatMap((tree) =>
        [...configured(tree)].filter((t) => !used.has(t)),
      )
    },
  }
}

function checkInFile(
  kind: NodeKind,
  { values, at }: InFileConfig,
  checked: Map<string, GivenConfig>,
): GivenConfig {
  const key = kind + JSON.stringify(values)
  const known = checked.get(key)
  if (known !== undefined) return known
  const { config, errors } = checkNodeConfig(kind, values, () => at)
  throwAll(errors)
  checked.set(key, config)
  return config
}

function* configured(tree: ConfigTree): Generator<ConfigTree> {
  if (Object.keys(tree.config).length > 0) yield tree
  for (const child of tree.children.values()) yield* configured(child)
}
