import { hash } from 'node:crypto'
import type { Code } from '../base/codes.ts'
import { GmError, throwAll } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { Macro, Node } from '../manifest/node.ts'
import { isBuilt, isReadable } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Project } from '../project/project.ts'
import { isTemplate } from '../project/render-settings.ts'
import type { Templates } from '../template/create-templates.ts'
import { createTemplates } from '../template/create-templates.ts'
import type { MacroFile } from '../template/template.ts'
import { BUILT_IN_MACROS } from './built-in-macros.ts'
import { BUILT_IN_PACKAGE, BUILT_IN_TESTS } from './built-in-tests.ts'
import { checkAccess } from './check-access.ts'
import { configLevels } from './config-levels.ts'
import { describeNodes, descriptions, readDocs } from './describe-nodes.ts'
import type { Draft, Parsing } from './draft.ts'
import { collecting } from './draft.ts'
import { draftExposures, readGroups } from './draft-exposures.ts'
import { draftResources } from './draft-resources.ts'
import type { DescribedSource } from './draft-sources.ts'
import { draftSources } from './draft-sources.ts'
import { draftTests } from './draft-tests.ts'
import { draftUnitTests } from './draft-unit-tests.ts'
import { evaluateSetting } from './evaluate-setting.ts'
import { stemOf } from './fqn-below.ts'
import type { ParsedFiles } from './kept-manifest.ts'
import { linkDrafts } from './link-drafts.ts'
import { openParseCache } from './parse-cache.ts'
import type { MacroProperties, PropertiesFile, ResourceProperties } from './properties.ts'
import type { DescribedKind, PropertiesIndex } from './properties-index.ts'
import { indexProperties } from './properties-index.ts'
import { LEFT_ASIDE } from './properties-schema.ts'
import type { ProjectFile, ProjectFiles } from './read-files.ts'
import { readProperties } from './read-properties.ts'
import { snapshotBlocks } from './snapshot-blocks.ts'
import type { SourceFiles } from './source-files.ts'
import type { TestDefinitions } from './test-definitions.ts'
import { indexTests, testDefinitions } from './test-definitions.ts'
import type { TextStore } from './text-store.ts'
import { varsIn } from './vars-in.ts'

export interface ParseOptions {
  readonly files: SourceFiles
  /** gm's own version: a cache of another version is not used. */
  readonly version: string
  readonly cache?: TextStore
}

export interface ParsedAnew extends ParsedFiles {
  readonly templates: Templates
  /** Whether any file says something else than in the parse before. */
  readonly hasChanged: boolean
}

/**
 * Makes a manifest of files: what each says, and how they hang together. What single files say comes from the cache where
 * they have not changed.
 * @throws GmError or GmErrors GM1002–GM1009, GM2001–GM2010, GM3003–GM3008, GM7003: all that the files have.
 */
export function parseFiles(
  project: Project,
  files: ProjectFiles,
  options: ParseOptions,
): ParsedAnew {
  const errors: GmError[] = files.python.map(refusePython)
  const macroFiles: MacroFile[] = files.macros.map(({ file, text, package: owner }) => ({
    package: owner,
    file,
    text,
  }))
  const templates = createTemplates(macroFiles, { root: project.name, builtIns: BUILT_IN_MACROS })
  const cache = openParseCache(
    project,
    files.macros.map(({ file, checksum }) => `${file} ${checksum}`),
    options.version,
    options.cache,
  )
  const levels = configLevels(project)
  const parsing: Parsing = {
    project,
    files,
    readSeed: (file) => options.files.read(file).text,
    templates,
    levels,
    cache,
    errors,
  }

  const described = readAllProperties(parsing)
  const unreadable = [...errors]
  const index = indexProperties(described, errors)
  const names = namesByKind(files, index)
  errors.push(...index.unused(names))

  const resources = draftResources(parsing, index)
  const sources = draftSources(parsing, described)
  const definitions = indexTests(
    testDefinitions([...BUILT_IN_TESTS, ...macroFiles]),
    project.name,
    BUILT_IN_PACKAGE,
  )
  const tests = draftAllTests(parsing, definitions, index, resources, sources)
  const broken = brokenNames(names, resources)
  const unitTests = draftUnitTests(parsing, described, resources, broken)
  const exposures = draftExposures(parsing, described)
  const groups = readGroups(described, errors)
  const drafts = [
    ...resources,
    ...sources.map(({ draft }) => draft),
    ...tests,
    ...unitTests,
    ...exposures,
  ]
  const distinct = withoutDuplicates(drafts, errors)
  const linked = linkDrafts(project.name, distinct, broken, errors)
  const { enabled, disabled } = linked
  const restricted = new Set(
    project.packages.filter((one) => one.restrictsAccess).map((one) => one.name),
  )
  errors.push(...sharedRelations(enabled.values()), ...checkAccess(enabled, groups, restricted))
  const docs = readDocs(files.docs, errors)
  const texts = descriptions(docs, project.name, templates, files.properties)
  const nodes = describeNodes(enabled, texts, errors)
  const isAllRead = described.length === files.properties.length
  throwAll(
    isAllRead
      ? errors
      : errors.filter((error) => unreadable.includes(error) || !MAY_FOLLOW.has(error.code)),
  )
  return {
    hasChanged: cache.close(),
    manifest: {
      project: project.name,
      nodes,
      disabled,
      macros: describeMacros(templates.macros, described),
      groups,
      docs,
    },
    macroFiles,
    templates,
    warnings: [...warningsOf(described), ...unusedLevels(levels, project)],
  }
}

/**
 * What is missing, too many or not allowed by what properties say: all of it may be so only because a file of them could
 * not be read, and such errors, one for each ref and source, would bury that one.
 */
const MAY_FOLLOW: ReadonlySet<Code> = new Set([
  'GM2002',
  'GM2003',
  'GM2004',
  'GM2007',
  'GM2012',
  'GM3009',
  'GM3013',
])

/** The macros of the project and its packages with what the properties YAML says of them. */
function describeMacros(
  macros: Templates['macros'],
  described: readonly DescribedFile[],
): readonly Macro[] {
  const entries = described.flatMap(({ from, properties }) =>
    properties.macros.map((entry) => [`${from.package}.${entry.name}`, entry] as const),
  )
  const byName = new Map<string, MacroProperties>(entries)
  return macros.map(({ name, package: owner, file, at }) => {
    const { description = '', arguments: args = [] } = byName.get(`${owner}.${name}`) ?? {}
    return { name, package: owner, file, at, description, arguments: args }
  })
}

function readAllProperties(parsing: Parsing): readonly DescribedFile[] {
  const { project, files, cache, errors } = parsing
  const own = Object.keys(project.materializations)
  return files.properties.flatMap((from) => {
    const { env, envAllowed } = project
    const { name, schema, database } = project.target
    const target = { name, schema, database }
    const vars = varsIn(project, from.package)
    const scope = { projectName: from.package, vars, env, envAllowed, target }
    // A file with templates is read again whenever anything that they may see has another value.
    const content = isTemplate(from.text)
      ? hash('sha256', JSON.stringify([from.checksum, vars, [...env], target]))
      : from.checksum
    const key = own.length === 0 ? content : `${content} ${own.join(' ')}`
    const properties = collecting(errors, () =>
      cache.properties(from.file, key, () =>
        readProperties(from.text, from.file, (text) => evaluateSetting(text, scope), own),
      ),
    )
    return properties === undefined ? [] : [{ from, properties }]
  })
}

interface DescribedFile {
  readonly from: ProjectFile
  readonly properties: PropertiesFile
}

function refusePython(file: string): GmError {
  return new GmError('GM1008', 'gm does not run models in Python', {
    at: { file, line: 1, column: 1 },
    hint: 'Write it in SQL, or move the file out of the model folders.',
  })
}

function warningsOf(described: readonly DescribedFile[]): GmError[] {
  return described.flatMap(({ properties }) =>
    properties.leftAside.map(
      ({ key, at }) =>
        new GmError('GM1008', `"${key}" is left aside`, { at, hint: LEFT_ASIDE[key] }),
    ),
  )
}

function unusedLevels(levels: Parsing['levels'], project: Project): GmError[] {
  return levels.unused().map(
    (tree) =>
      new GmError('GM2007', `this configuration in ${project.file} applies to no node`, {
        at: tree.at,
        hint: 'Under models: come the name of the project, its folders, and names of models.',
      }),
  )
}

/** `package.name` of what the files hold, by kind. */
function namesByKind(
  files: ProjectFiles,
  index: PropertiesIndex,
): ReadonlyMap<DescribedKind, ReadonlySet<string>> {
  const inYaml = [...index.all()].flatMap(([kind, { properties, from }]) =>
    kind === 'snapshot' && properties.relation !== undefined
      ? [`${from.package}.${properties.name}`]
      : [],
  )
  const key = (file: { readonly file: string; readonly package: string }): string =>
    `${file.package}.${stemOf(file.file)}`
  const snapshots = files.snapshots.flatMap((file) => {
    const blocks = snapshotBlocks(file.text)
    return blocks.length === 0
      ? [key(file)]
      : blocks.map((block) => `${file.package}.${block.name}`)
  })
  return new Map([
    ['model', new Set(files.models.map(key))],
    ['seed', new Set(files.seeds.map(key))],
    ['snapshot', new Set([...snapshots, ...inYaml])],
    ['analysis', new Set(files.analyses.map(key))],
    ['test', new Set(files.tests.map(key))],
  ])
}

/** Names whose files have errors of their own: that a ref to them finds nothing is no second mistake. */
function brokenNames(
  names: ReadonlyMap<DescribedKind, ReadonlySet<string>>,
  drafts: readonly Draft[],
): ReadonlySet<string> {
  const broken = new Set(
    [...names.values()].flatMap((some) => [...some].map((key) => key.slice(key.indexOf('.') + 1))),
  )
  for (const { node } of drafts) {
    broken.delete(node.name)
    broken.delete(stemOf(node.at.file))
  }
  return broken
}

function draftAllTests(
  parsing: Parsing,
  definitions: TestDefinitions,
  index: PropertiesIndex,
  resources: readonly Draft[],
  sources: readonly DescribedSource[],
): Draft[] {
  const nodes = new Map(resources.map(({ node }) => [testedKey(node), node]))
  const tests: Draft[] = []
  const add = (on: Node | undefined, properties: ResourceProperties, from: ProjectFile): void => {
    if (on?.config.enabled === true) {
      tests.push(...draftTests(parsing, definitions, on, properties, from))
    }
  }
  for (const [kind, { properties, from }] of index.all()) {
    const key = `${kind} ${from.package}.${properties.name}`
    if (properties.versions === undefined) add(nodes.get(key), properties, from)
    else {
      for (const one of properties.versions) add(nodes.get(`${key}.${one.version}`), one, from)
    }
  }
  for (const { draft, properties, from } of sources) add(draft.node, properties, from)
  return tests
}

function testedKey(node: Node): string {
  const version = node.kind === 'model' && node.version !== undefined ? `.${node.version}` : ''
  return `${node.kind} ${node.package}.${node.name}${version}`
}

/** Drops and reports what has the id or the name (for `ref`) of something before it. */
function withoutDuplicates(drafts: readonly Draft[], errors: GmError[]): Draft[] {
  const byKey = new Map<string, Node>()
  return drafts.filter(({ node }) => {
    if (!node.config.enabled) return true
    const key = isReferable(node) ? `ref ${testedKey(node).replace(/^\w+ /, '')}` : node.id
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

/** What `ref` finds: models, seeds and snapshots share their names, within a package. */
function isReferable(node: Node): boolean {
  return isReadable(node) && node.kind !== 'source'
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
