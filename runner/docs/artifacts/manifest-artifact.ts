import { hash } from 'node:crypto'
import type { Manifest, Node, NodeId } from '../../manifest/node.ts'
import { macroId } from '../../manifest/node.ts'
import type { Project } from '../../project/project.ts'
import type { Templates } from '../../template/create-templates.ts'
import type { ArtifactMetadata, Invocation } from './artifact-metadata.ts'
import { artifactMetadata } from './artifact-metadata.ts'
import type { Described, DescribedNode } from './describe-node.ts'
import { describeNode } from './describe-node.ts'
import type { Entries } from './write-artifact.ts'

type Section<T = Readonly<Record<string, unknown>>> = Readonly<Record<string, T>>

/** target/manifest.json by dbt's schema v12: the whole project as data, its nodes described while they are written. */
export interface ManifestArtifact {
  readonly metadata: ArtifactMetadata & Readonly<Record<string, unknown>>
  readonly nodes: Entries<DescribedNode>
  readonly sources: Entries<DescribedNode>
  readonly macros: Section
  readonly docs: Section
  readonly exposures: Entries<DescribedNode>
  readonly metrics: Section
  readonly groups: Section
  readonly selectors: Section
  readonly disabled: Section<readonly DescribedNode[]>
  readonly parent_map: Section<readonly string[]>
  readonly child_map: Section<readonly string[]>
  readonly group_map: Section<readonly string[]>
  readonly saved_queries: Section
  readonly semantic_models: Section
  readonly unit_tests: Entries<DescribedNode>
  readonly functions: Section
}

export interface ManifestMaterials {
  readonly project: Project
  readonly manifest: Manifest
  readonly templates: Templates
  readonly invocation: Invocation
  readonly now: Date
  /** Definitions of selectors.yml as written, by name. */
  readonly selectors?: Section<unknown>
  /** SQL of the nodes that this command compiled. */
  readonly compiledCode?: ReadonlyMap<string, string>
}

/** The manifest as dbt's readers expect it. Pure: the same materials give the same value. */
export function manifestArtifact(materials: ManifestMaterials): ManifestArtifact {
  const { project, manifest, invocation, now } = materials
  const context: Described = {
    project,
    createdAt: invocation.startedAt.getTime() / 1000,
    compiledCode: materials.compiledCode ?? new Map<string, string>(),
  }
  const parents: Record<string, readonly NodeId[]> = {}
  const children: Record<string, NodeId[]> = {}
  for (const id of manifest.nodes.keys()) children[id] = []
  for (const node of manifest.nodes.values()) {
    parents[node.id] = node.dependsOn
    // Nodes come by id, so that each list is sorted.
    for (const parent of node.dependsOn) children[parent]?.push(node.id)
  }
  const described = (isIn: (node: Node) => boolean): Entries<DescribedNode> => ({
    *entries() {
      for (const node of manifest.nodes.values()) {
        if (isIn(node)) yield [node.id, describeNode(node, context)]
      }
    },
  })
  return {
    metadata: {
      ...artifactMetadata('manifest', invocation, now),
      project_name: project.name,
      project_id: hash('md5', project.name),
      user_id: null,
      send_anonymous_usage_stats: false,
      adapter_type: 'postgres',
      quoting: { database: true, schema: true, identifier: true, column: null },
      run_started_at: invocation.startedAt.toISOString(),
    },
    nodes: described(({ kind }) => !['source', 'exposure', 'unit_test'].includes(kind)),
    sources: described(({ kind }) => kind === 'source'),
    macros: describeMacros(materials, context.createdAt),
    docs: describeDocs(manifest),
    exposures: described(({ kind }) => kind === 'exposure'),
    metrics: {},
    groups: describeGroups(manifest),
    selectors: (materials.selectors ?? {}) as Section,
    disabled: Object.fromEntries(
      [...manifest.disabled.values()].map((node) => [node.id, [describeNode(node, context)]]),
    ),
    parent_map: parents,
    child_map: children,
    group_map: groupMap(manifest),
    saved_queries: {},
    semantic_models: {},
    unit_tests: described(({ kind }) => kind === 'unit_test'),
    functions: {},
  }
}

/** dbt's docs page opens with this block and does not load without one. */
const OVERVIEW = {
  'doc.dbt.__overview__': {
    name: '__overview__',
    resource_type: 'doc',
    package_name: 'dbt',
    path: 'overview.md',
    original_file_path: 'docs/overview.md',
    unique_id: 'doc.dbt.__overview__',
    block_contents: '### The models of this project\n\nOpen **Project** to see them by folder.',
  },
}

function describeDocs({ docs }: Manifest): Section {
  const own = docs.map(({ name, package: owner, at, text }) => [
    `doc.${owner}.${name}`,
    {
      name,
      resource_type: 'doc',
      package_name: owner,
      path: at.file,
      original_file_path: at.file,
      unique_id: `doc.${owner}.${name}`,
      block_contents: text,
    },
  ])
  return { ...OVERVIEW, ...(Object.fromEntries(own) as Section) }
}

function describeGroups({ groups }: Manifest): Section {
  return Object.fromEntries(
    [...groups.values()].map(({ name, package: from, at, description, owner }) => [
      `group.${from}.${name}`,
      {
        name,
        resource_type: 'group',
        package_name: from,
        path: at.file,
        original_file_path: at.file,
        unique_id: `group.${from}.${name}`,
        description,
        owner: { email: null, name: null, ...owner },
        config: { meta: {} },
      },
    ]),
  )
}

/** Ids of the nodes of each group, by the group's name. */
function groupMap({ groups, nodes }: Manifest): Section<readonly string[]> {
  const map: Record<string, string[]> = Object.fromEntries(
    [...groups.keys()].map((name) => [name, []]),
  )
  for (const { id, config } of nodes.values()) {
    if (config.group !== undefined) map[config.group]?.push(id)
  }
  return map
}

/** The section `macros`. */
export function describeMacros(
  { manifest, templates }: Pick<ManifestMaterials, 'manifest' | 'templates'>,
  createdAt: number,
): Section {
  const texts = new Map(
    templates.macros.map((macro) => [macroId(macro.package, macro.name), macro]),
  )
  const own = new Set(manifest.macros.map((macro) => macroId(macro.package, macro.name)))
  const entries = manifest.macros.map((macro) => {
    const id = macroId(macro.package, macro.name)
    const used = templates
      .macrosUsedByMacro(`${macro.package}.${macro.name}`)
      .map(({ package: owner, name }) => macroId(owner, name))
    return [
      id,
      {
        name: macro.name,
        resource_type: 'macro',
        package_name: macro.package,
        path: macro.file,
        original_file_path: macro.file,
        unique_id: id,
        macro_sql: texts.get(id)?.text ?? '',
        depends_on: { macros: used.filter((other) => own.has(other)).sort() },
        description: macro.description,
        meta: {},
        docs: { show: true, node_color: null },
        config: { meta: {}, docs: { show: true, node_color: null } },
        patch_path: null,
        arguments: macro.arguments.map((argument) => ({ type: null, ...argument })),
        created_at: createdAt,
        supported_languages: null,
      },
    ] as const
  })
  return Object.fromEntries(entries)
}
