import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { ColumnInfo, NodeConfig, NodeKind, Relation } from '../manifest/node.ts'
import { nodeId } from '../manifest/node.ts'
import { NO_COLUMNS, NONE, orNoMeta, orNone, readsOf } from '../manifest/shared-empty.ts'
import type { TemplateFile } from '../template/template.ts'
import { checkMicrobatch } from './check-microbatch.ts'
import { checkSnapshot } from './check-snapshot.ts'
import type { InFileConfig } from './config-levels.ts'
import { contractOf } from './contract-of.ts'
import type { Draft, Parsing } from './draft.ts'
import { collecting } from './draft.ts'
import { fqnBelow, stemOf } from './fqn-below.ts'
import { hookUses } from './hook-uses.ts'
import type { NamedNode } from './name-relation.ts'
import { nameRelation } from './name-relation.ts'
import type { ColumnProperties, ResourceProperties } from './properties.ts'
import type { PropertiesIndex } from './properties-index.ts'
import type { ProjectFile } from './read-files.ts'
import type { Recording } from './record-template.ts'
import { recordTemplate } from './record-template.ts'
import { seedFields } from './seed-fields.ts'
import { snapshotBlocks } from './snapshot-blocks.ts'
import { yamlSnapshots } from './yaml-snapshots.ts'

/** One node for each model file, snapshot file or block, seed file, singular test and analysis, in the order of files. */
export function draftResources(parsing: Parsing, properties: PropertiesIndex): Draft[] {
  const { files, errors } = parsing
  const drafts: Draft[] = []
  const add = (work: () => Draft): void => {
    const draft = collecting(errors, work)
    if (draft !== undefined) drafts.push(draft)
  }
  for (const file of files.models) add(() => draftModel(parsing, properties, file))
  for (const file of files.snapshots) {
    for (const part of snapshotParts(file))
      add(() => draftSnapshot(parsing, properties, file, part))
  }
  for (const given of yamlSnapshots(properties)) {
    add(() => {
      const { file, name, at } = given()
      return draftSnapshot(parsing, properties, file, { name, at })
    })
  }
  for (const file of files.seeds) add(() => draftSeed(parsing, properties, file))
  for (const file of files.tests) add(() => draftUnbuilt(parsing, properties, 'test', file))
  for (const file of files.analyses) add(() => draftUnbuilt(parsing, properties, 'analysis', file))
  return drafts
}

function draftModel(parsing: Parsing, index: PropertiesIndex, file: ProjectFile): Draft {
  const stem = stemOf(file.file)
  const owner = file.package
  const version = index.versionIn(owner, stem)
  const name = version?.name ?? stem
  const properties = version ?? index.of('model', owner, name)
  const recording = recordFile(parsing, 'model', name, file)
  const parts = version === undefined ? [name] : [name, `v${version.version}`]
  const fqn = fqnBelow(file, ...parts)
  const config = configOf(parsing, 'model', owner, fqn, properties, recording.config, file)
  const described = index.of('model', owner, name)
  const versioned =
    version === undefined
      ? undefined
      : { version: version.version, latestVersion: described?.latestVersion ?? version.version }
  checkMicrobatch(name, startOf(file), config)
  const contract = contractOf(name, config, properties, startOf(file))
  const alias = version === undefined ? name : `${name}_v${version.version}`
  return {
    node: {
      kind: 'model',
      id: nodeId('model', owner, ...parts),
      ...common(parsing, 'model', owner, name, fqn, startOf(file), properties, config),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
      relation: relationOf(parsing, {
        kind: 'model',
        name,
        alias,
        package: owner,
        fqn,
        config,
        file: file.file,
        ...versioned,
      }),
      ...versioned,
      ...(contract !== undefined && { contract }),
      ...(properties?.deprecationDate !== undefined && {
        deprecationDate: properties.deprecationDate,
      }),
    },
    inputs: recording.inputs,
  }
}

function startOf({ file }: Pick<ProjectFile, 'file'>): Location {
  return { file, line: 1, column: 1 }
}

/** A snapshot file is one plain query, or any number of blocks. */
interface SnapshotPart {
  readonly name: string
  readonly at: Location
  readonly span?: { readonly start: number; readonly end: number }
}

function snapshotParts(file: ProjectFile): SnapshotPart[] {
  const blocks = snapshotBlocks(file.text)
  if (blocks.length === 0) {
    return [{ name: stemOf(file.file), at: startOf(file) }]
  }
  return blocks.map(({ name, nameOffset, span }) => ({
    name,
    at: locationAt(file.text, nameOffset, file.file),
    span,
  }))
}

function draftSnapshot(
  parsing: Parsing,
  index: PropertiesIndex,
  file: ProjectFile,
  { name, at, span }: SnapshotPart,
): Draft {
  const owner = file.package
  const properties = index.of('snapshot', owner, name)
  const recording = recordFile(parsing, 'snapshot', name, file, span)
  const inBlock = span === undefined ? [] : [stemOf(file.file)]
  const fqn = fqnBelow(file, ...inBlock, name)
  const config = configOf(
    parsing,
    'snapshot',
    owner,
    fqn,
    properties,
    recording.config,
    templateOf(file, span),
  )
  checkSnapshot(name, at, config)
  return {
    node: {
      kind: 'snapshot',
      id: nodeId('snapshot', owner, name),
      ...common(parsing, 'snapshot', owner, name, fqn, at, properties, config),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
      relation: relationOf(parsing, {
        kind: 'snapshot',
        name,
        package: owner,
        fqn,
        config,
        file: file.file,
      }),
    },
    inputs: recording.inputs,
  }
}

function draftSeed(
  parsing: Parsing,
  index: PropertiesIndex,
  file: Omit<ProjectFile, 'text'>,
): Draft {
  const name = stemOf(file.file)
  const owner = file.package
  const properties = index.of('seed', owner, name)
  const fqn = fqnBelow(file, name)
  const config = parsing.levels.merge(
    'seed',
    owner,
    fqn,
    properties === undefined ? [] : [properties.config],
  )
  const delimiter = config.delimiter ?? ','
  const found = parsing.cache.seed(file.file, `${file.checksum} ${delimiter}`, () =>
    seedFields(file.file, parsing.readSeed(file.file), delimiter),
  )
  return {
    node: {
      kind: 'seed',
      id: nodeId('seed', owner, name),
      ...common(parsing, 'seed', owner, name, fqn, startOf(file), properties, config),
      checksum: file.checksum,
      dependsOn: [],
      relation: relationOf(parsing, {
        kind: 'seed',
        name,
        package: owner,
        fqn,
        config,
        file: file.file,
      }),
      file: file.file,
      fields: found.map(({ name: written, type }) => {
        const column = foldsNames(parsing, config) ? folded(written) : written
        const types = config.column_types
        return { name: column, type: types?.[column] ?? types?.[written] ?? type }
      }),
    },
    inputs: [],
  }
}

/** A singular test or an analysis: SQL that makes no relation. */
function draftUnbuilt(
  parsing: Parsing,
  index: PropertiesIndex,
  kind: 'test' | 'analysis',
  file: ProjectFile,
): Draft {
  const name = stemOf(file.file)
  const owner = file.package
  const properties = index.of(kind, owner, name)
  const recording = recordFile(parsing, kind, name, file)
  const plain = fqnBelow(file, name)
  // dbt puts the word before the folders, so that an analysis is never taken for a model.
  const fqn = kind === 'test' ? plain : [owner, 'analysis', ...plain.slice(1)]
  const config = configOf(parsing, kind, owner, fqn, properties, recording.config, file)
  return {
    node: {
      kind,
      id: nodeId(kind, owner, name),
      ...common(parsing, kind, owner, name, fqn, startOf(file), properties, config),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
    },
    inputs: recording.inputs,
  }
}

function recordFile(
  { cache, templates, project }: Parsing,
  kind: NodeKind,
  name: string,
  from: ProjectFile,
  span?: SnapshotPart['span'],
): Recording {
  const { file, checksum, package: owner } = from
  // A block's recording depends on the whole file, because its places do.
  const id = span === undefined && file.endsWith('.sql') ? file : `${file}#${name}`
  return cache.recording(id, checksum, owner, () =>
    recordTemplate(templateOf(from, span), { templates, project, kind, name, package: owner }),
  )
}

function templateOf(
  { file, text, package: owner }: ProjectFile,
  span: SnapshotPart['span'],
): TemplateFile {
  return { file, text, package: owner, ...(span !== undefined && { span }) }
}

function configOf(
  { levels, templates }: Parsing,
  kind: 'model' | 'snapshot' | 'test' | 'analysis',
  owner: string,
  fqn: readonly string[],
  properties: ResourceProperties | undefined,
  inFile: readonly InFileConfig[],
  template: TemplateFile,
): NodeConfig {
  return levels.merge(kind, owner, fqn, [
    ...(properties === undefined ? [] : [properties.config]),
    ...levels.check(kind, inFile, (call) => templates.placesOfCall(call, template)),
  ])
}

function relationOf({ project, templates }: Parsing, node: NamedNode): Relation {
  return nameRelation(node, project, templates)
}

function common(
  parsing: Parsing,
  kind: 'model' | 'snapshot' | 'seed' | 'test' | 'analysis',
  owner: string,
  name: string,
  fqn: readonly string[],
  at: Location,
  properties: ResourceProperties | undefined,
  config: NodeConfig,
) {
  return {
    name,
    package: owner,
    at,
    fqn,
    description: properties?.description ?? '',
    columns: columnsOf(properties?.columns ?? []),
    config,
    ...hookUses(config, owner, parsing.templates),
    writtenConfig: parsing.levels.mergeWritten(
      kind,
      owner,
      fqn,
      properties === undefined ? [] : [properties.config],
    ),
    ...(properties !== undefined && { describedIn: properties.at.file }),
  }
}

function unresolved(rawCode: string, { macros, vars, env }: Recording) {
  return {
    rawCode,
    dependsOn: NONE,
    refs: NONE,
    sources: NONE,
    changesOf: NONE,
    keysOf: NONE,
    macros: orNone(macros),
    reads: readsOf(vars, env),
  }
}

/** Columns as the manifest holds them: by name, in the order of the file, without their tests. */
export function columnsOf(columns: readonly ColumnProperties[]): ReadonlyMap<string, ColumnInfo> {
  if (columns.length === 0) return NO_COLUMNS
  return new Map(
    columns.map(({ name, description, data_type, meta, tags }) => [
      name,
      {
        name,
        description,
        meta: orNoMeta(meta),
        tags: orNone(tags),
        ...(data_type !== undefined && { data_type }),
      },
    ]),
  )
}
/** dbt writes a seed's columns without quotes unless it is told to quote them, and the database folds them. */
function foldsNames({ project }: Parsing, { quote_columns }: NodeConfig): boolean {
  return quote_columns === undefined ? project.isDbt : !quote_columns
}

/** What the database makes of a name without quotes. Any other needs quotes in any case. */
function folded(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name.toLowerCase() : name
}
