import { GmError, throwAll } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { Macro, Manifest, Node } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { createTemplates } from '../template/create-templates.ts'
import type { MacroFile } from '../template/template.ts'
import { BUILT_IN_PACKAGE, BUILT_IN_TESTS } from './built-in-tests.ts'
import { configLevels } from './config-levels.ts'
import type { Draft, Parsing } from './draft.ts'
import { collecting } from './draft.ts'
import { draftResources } from './draft-resources.ts'
import type { DescribedSource } from './draft-sources.ts'
import { draftSources } from './draft-sources.ts'
import { draftTests } from './draft-tests.ts'
import { stemOf } from './fqn-below.ts'
import { linkDrafts } from './link-drafts.ts'
import { openParseCache } from './parse-cache.ts'
import type { MacroProperties } from './properties.ts'
import type { DescribedKind, PropertiesIndex } from './properties-index.ts'
import { indexProperties } from './properties-index.ts'
import type { ProjectFiles } from './read-files.ts'
import { readFiles } from './read-files.ts'
import { readProperties } from './read-properties.ts'
import { snapshotBlocks } from './snapshot-blocks.ts'
import type { SourceFiles } from './source-files.ts'
import type { TestDefinition } from './test-definitions.ts'
import { testDefinitions } from './test-definitions.ts'
import type { TextStore } from './text-store.ts'

export interface ParseOptions {
  readonly files: SourceFiles
  /** gm's own version: a cache of another version is not used. */
  readonly version: string
  readonly cache?: TextStore
}

export interface ParseResult {
  readonly manifest: Manifest
  /** The macros of the project and of gm, ready to render; compiling uses the same. */
  readonly templates: Templates
  /** Things that are probably mistakes and stop nothing, in the form of errors. */
  readonly warnings: readonly GmError[]
}

/**
 * Reads a project's files into a manifest. Needs no database. The result depends on the files and the project alone;
 * the cache only saves time.
 * @throws GmError or GmErrors GM1002–GM1009, GM2001–GM2010, GM3003–GM3008, GM7003: all that the files have.
 */
export function parseProject(project: Project, options: ParseOptions): ParseResult {
  const files = readFiles(project.paths, options.files)
  const errors: GmError[] = []
  const macroFiles: MacroFile[] = [
    ...BUILT_IN_TESTS,
    ...files.macros.map(({ file, text }) => ({ package: project.name, file, text })),
  ]
  const templates = createTemplates(macroFiles)
  const cache = openParseCache(
    project,
    files.macros.map(({ file, checksum }) => `${file} ${checksum}`),
    options.version,
    options.cache,
  )
  const levels = configLevels(project.resourceConfig)
  const parsing: Parsing = {
    project,
    files,
    readSeed: (file) => options.files.read(file).text,
    templates,
    levels,
    cache,
    errors,
  }

  const described = files.properties.flatMap((from) => {
    const properties = collecting(errors, () =>
      cache.properties(from.file, from.checksum, () => readProperties(from.text, from.file)),
    )
    return properties === undefined ? [] : [{ from, properties }]
  })
  const index = indexProperties(described, errors)
  const names = namesByKind(files, index)
  errors.push(...index.unused(names))

  const resources = draftResources(parsing, index)
  const sources = draftSources(parsing, described)
  const definitions = definitionsByName(testDefinitions(macroFiles))
  const tests = draftAllTests(parsing, definitions, index, resources, sources)
  const drafts = [...resources, ...sources.map(({ draft }) => draft), ...tests]
  const distinct = withoutDuplicates(drafts, errors)
  const { enabled, disabled } = linkDrafts(distinct, brokenNames(names, resources), errors)
  errors.push(...sharedRelations(enabled.values()))
  throwAll(errors)
  cache.close()
  return {
    manifest: {
      project: project.name,
      nodes: enabled,
      disabled,
      macros: describeMacros(
        templates.macros,
        described.flatMap(({ properties }) => properties.macros),
      ),
    },
    templates,
    warnings: levels.unused().map(
      (tree) =>
        new GmError('GM2007', 'this configuration in project.yml applies to no node', {
          at: tree.at,
          hint: 'Under models: come the name of the project, its folders, and names of models.',
        }),
    ),
  }
}

/** The project's macros with what the properties YAML says of them. */
function describeMacros(
  macros: Templates['macros'],
  entries: readonly MacroProperties[],
): readonly Macro[] {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  return macros.flatMap(({ name, package: owner, file, at }) => {
    if (owner === BUILT_IN_PACKAGE) return []
    const entry = byName.get(name)
    const { description = '', arguments: args = [] } = entry ?? {}
    return [{ name, package: owner, file, at, description, arguments: args }]
  })
}

function namesByKind(
  files: ProjectFiles,
  index: PropertiesIndex,
): ReadonlyMap<DescribedKind, ReadonlySet<string>> {
  const inYaml = [...index.all()].flatMap(([kind, { properties }]) =>
    kind === 'snapshot' && properties.relation !== undefined ? [properties.name] : [],
  )
  const snapshots = files.snapshots.flatMap(({ file, text }) => {
    const blocks = snapshotBlocks(text)
    return blocks.length === 0 ? [stemOf(file)] : blocks.map((block) => block.name)
  })
  return new Map([
    ['model', new Set(files.models.map(({ file }) => stemOf(file)))],
    ['seed', new Set(files.seeds.map(({ file }) => stemOf(file)))],
    ['snapshot', new Set([...snapshots, ...inYaml])],
  ])
}

/** Names whose files have errors of their own: that a ref to them finds nothing is no second mistake. */
function brokenNames(
  names: ReadonlyMap<DescribedKind, ReadonlySet<string>>,
  drafts: readonly Draft[],
): ReadonlySet<string> {
  const broken = new Set([...names.values()].flatMap((some) => [...some]))
  for (const { node } of drafts) broken.delete(node.name)
  return broken
}

/** By `name` and `package.name`; a project's test comes before a built-in one of the same name. */
function definitionsByName(
  definitions: readonly TestDefinition[],
): ReadonlyMap<string, TestDefinition> {
  const found = new Map<string, TestDefinition>()
  for (const definition of definitions) {
    found.set(definition.name, definition)
    found.set(`${definition.package}.${definition.name}`, definition)
  }
  return found
}

function draftAllTests(
  parsing: Parsing,
  definitions: ReadonlyMap<string, TestDefinition>,
  index: PropertiesIndex,
  resources: readonly Draft[],
  sources: readonly DescribedSource[],
): Draft[] {
  const nodes: Readonly<Record<DescribedKind, Map<string, Node>>> = {
    model: new Map(),
    seed: new Map(),
    snapshot: new Map(),
  }
  for (const { node } of resources) {
    if (node.kind !== 'test' && node.kind !== 'source') nodes[node.kind].set(node.name, node)
  }
  const tests: Draft[] = []
  for (const [kind, { properties, from }] of index.all()) {
    const on = nodes[kind].get(properties.name)
    if (on?.config.enabled === true) {
      tests.push(...draftTests(parsing, definitions, on, properties, from))
    }
  }
  for (const { draft, properties, from } of sources) {
    if (draft.node.config.enabled) {
      tests.push(...draftTests(parsing, definitions, draft.node, properties, from))
    }
  }
  return tests
}

/** Drops and reports what has the id or the name (for `ref`) of something before it. */
function withoutDuplicates(drafts: readonly Draft[], errors: GmError[]): Draft[] {
  const byKey = new Map<string, Node>()
  return drafts.filter(({ node }) => {
    if (!node.config.enabled) return true
    const isReferable = node.kind !== 'test' && node.kind !== 'source'
    const key = isReferable ? `ref ${node.name}` : node.id
    const before = byKey.get(key)
    if (before === undefined) {
      byKey.set(key, node)
      return true
    }
    errors.push(
      new GmError('GM2002', `there are two nodes of the name "${nameOf(node)}"`, {
        at: node.at,
        hint: `The other is the ${before.kind} at ${formatLocation(before.at)}. ${
          node.kind === 'test' ? 'Remove one, or give it a name of its own.' : 'Rename one of them.'
        }`,
      }),
    )
    return false
  })
}

function nameOf(node: Node): string {
  return node.kind === 'source' ? `${node.sourceName}.${node.name}` : node.name
}

/** GM2002 for nodes that would be built into one relation, each run replacing the other's. */
function sharedRelations(nodes: Iterable<Node>): GmError[] {
  const byRelation = new Map<string, Node>()
  const errors: GmError[] = []
  for (const node of nodes) {
    if (!isBuilt(node)) continue
    const name = quoted(node.relation)
    const before = byRelation.get(name)
    if (before === undefined) byRelation.set(name, node)
    else {
      errors.push(
        new GmError(
          'GM2002',
          `"${node.name}" and "${before.name}" would both be built as ${name}`,
          {
            at: node.at,
            hint: `The other is at ${formatLocation(before.at)}. Give one another alias or schema.`,
          },
        ),
      )
    }
  }
  return errors
}
