import { throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { GivenConfig } from '../manifest/config-schema.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { mergeConfig, stackConfig } from '../manifest/merge-config.ts'
import type { NodeConfig, NodeKind, WrittenConfig } from '../manifest/node.ts'
import type { PlaceOf } from '../project/explain-issues.ts'
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
   * are the properties YAML and config() in the file. For a node of a package the project.yml is the package's; what the
   * project's own says of the package comes last, over everything.
   */
  merge(
    kind: NodeKind,
    owner: string,
    fqn: readonly string[],
    levels: readonly GivenConfig[],
  ): NodeConfig
  /** The same without config() of the file, with the texts that templates of YAML had. */
  mergeWritten(
    kind: NodeKind,
    owner: string,
    fqn: readonly string[],
    levels: readonly GivenConfig[],
  ): WrittenConfig
  /** @throws GmError or GmErrors GM1002, GM1003, GM1008 for what config() gave. */
  check(
    kind: NodeKind,
    inFile: readonly InFileConfig[],
    placesOf: (call: Location) => PlaceOf,
  ): readonly GivenConfig[]
  /** Levels of project.yml that hold configuration for no node at all. */
  unused(): readonly ConfigTree[]
}

const TREES = {
  model: 'models',
  snapshot: 'snapshots',
  seed: 'seeds',
  test: 'tests',
  unit_test: 'unitTests',
  source: 'sources',
  analysis: 'analyses',
  exposure: 'exposures',
} as const satisfies Record<NodeKind, keyof Project['resourceConfig']>

/** Stands for no level besides project.yml. */
const NOTHING: GivenConfig = {}

export function configLevels(
  project: Pick<Project, 'name' | 'resourceConfig' | 'packages' | 'materializations'>,
): ConfigLevels {
  const own = project.materializations
  const trees = project.resourceConfig
  const packages = new Map(project.packages.map((one) => [one.name, one.resourceConfig]))
  const used = new Set<ConfigTree>()
  const checked = new Map<string, GivenConfig>()
  // Most nodes of a folder have exactly its configuration, or the same one thing besides: each of these is merged once.
  const merged: Readonly<Record<NodeKind, Map<ConfigTree, Map<GivenConfig, NodeConfig>>>> = {
    model: new Map(),
    snapshot: new Map(),
    seed: new Map(),
    test: new Map(),
    unit_test: new Map(),
    source: new Map(),
    analysis: new Map(),
    exposure: new Map(),
  }

  const pathOf = (
    from: Project['resourceConfig'],
    kind: NodeKind,
    fqn: readonly string[],
  ): ConfigTree[] => {
    let tree: ConfigTree | undefined = from[TREES[kind]]
    const path: ConfigTree[] = [tree]
    for (const part of fqn) {
      tree = tree.children.get(part)
      if (tree === undefined) break
      path.push(tree)
    }
    return path
  }

  const levelsOf = (
    kind: NodeKind,
    owner: string,
    fqn: readonly string[],
    given: readonly GivenConfig[],
  ): readonly GivenConfig[] => {
    const path = configsOf(pathOf(trees, kind, fqn))
    const theirs = owner === project.name ? undefined : packages.get(owner)
    return theirs === undefined
      ? [...path, ...given]
      : [...configsOf(pathOf(theirs, kind, fqn)), ...given, ...path]
  }
  const levels: ConfigLevels = {
    merge(kind, owner, fqn, levels) {
      const path = pathOf(trees, kind, fqn)
      for (const tree of path) used.add(tree)
      const given = levels.filter((level) => Object.keys(level).length > 0)
      const theirs = owner === project.name ? undefined : packages.get(owner)
      if (theirs !== undefined) {
        return settled(mergeConfig(kind, levelsOf(kind, owner, fqn, given)), own)
      }
      const merge = (): NodeConfig =>
        settled(mergeConfig(kind, [...configsOf(path), ...given]), own)
      const [only = NOTHING, ...others] = given
      const deepest = path.at(-1)
      if (others.length > 0 || deepest === undefined) return merge()
      const known = merged[kind].get(deepest) ?? new Map<GivenConfig, NodeConfig>()
      merged[kind].set(deepest, known)
      let config = known.get(only)
      if (config === undefined) known.set(only, (config = merge()))
      return config
    },
    mergeWritten(kind, owner, fqn, given) {
      const config = levels.merge(kind, owner, fqn, given)
      const all = levelsOf(kind, owner, fqn, given)
      if (all.every(({ unrendered }) => unrendered === undefined)) return config
      const { unrendered } = stackConfig(all)
      return unrendered == null ? config : { ...config, unrendered }
    },
    check: (kind, inFile, placesOf) =>
      inFile.map((level) => checkInFile(kind, level, placesOf, checked, Object.keys(own))),
    unused() {
      return Object.values<ConfigTree>({ ...trees }).flatMap((tree) =>
        [...configured(tree)].filter((t) => !used.has(t)),
      )
    },
  }
  return levels
}

/** With a materialization of the project's own as what it is like, so that all of gm knows what to make of the model. */
function settled(config: NodeConfig, own: Project['materializations']): NodeConfig {
  const name: string | undefined = config.materialized
  const found = name !== undefined && Object.hasOwn(own, name) ? own[name] : undefined
  if (name === undefined || found === undefined) return config
  const { like, code } = found
  return { ...config, materialized: like, materialization: { name, code } }
}

function checkInFile(
  kind: NodeKind,
  { values, at }: InFileConfig,
  placesOf: (call: Location) => PlaceOf,
  checked: Map<string, GivenConfig>,
  own: readonly string[],
): GivenConfig {
  const key = kind + JSON.stringify(values)
  const known = checked.get(key)
  if (known !== undefined) return known
  const { config, errors } = checkNodeConfig(
    kind,
    values,
    (path, part) => placesOf(at)(path, part),
    own,
  )
  throwAll(errors)
  checked.set(key, config)
  return config
}

function configsOf(path: readonly ConfigTree[]): GivenConfig[] {
  return path.map((tree) => tree.config)
}

function* configured(tree: ConfigTree): Generator<ConfigTree> {
  if (Object.keys(tree.config).length > 0) yield tree
  for (const child of tree.children.values()) yield* configured(child)
}
