import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { ColumnInfo, NodeConfig, Relation } from '../manifest/node.ts'
import { nodeId } from '../manifest/node.ts'
import { checkSnapshot } from './check-snapshot.ts'
import type { InFileConfig } from './config-levels.ts'
import type { Draft, Parsing } from './draft.ts'
import { collecting } from './draft.ts'
import { fqnBelow, stemOf } from './fqn-below.ts'
import { nameRelation } from './name-relation.ts'
import type { ColumnProperties, ResourceProperties } from './properties.ts'
import type { PropertiesIndex } from './properties-index.ts'
import type { ProjectFile } from './read-files.ts'
import type { Recording } from './record-template.ts'
import { recordTemplate } from './record-template.ts'
import { seedFields } from './seed-fields.ts'
import { snapshotBlocks } from './snapshot-blocks.ts'
import { yamlSnapshots } from './yaml-snapshots.ts'

/** One node for each model file, snapshot file or block, seed file and singular test, in the order of files. */
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
  for (const file of files.tests) add(() => draftSingularTest(parsing, file))
  return drafts
}

function draftModel(parsing: Parsing, index: PropertiesIndex, file: ProjectFile): Draft {
  const name = stemOf(file.file)
  const properties = index.of('model', name)
  const recording = recordFile(parsing, name, file)
  const fqn = fqnBelow(parsing.project.name, file, name)
  const config = configOf(parsing, 'model', fqn, properties, recording.config)
  return {
    node: {
      kind: 'model',
      id: nodeId('model', parsing.project.name, name),
      ...common(
        parsing,
        'model',
        name,
        fqn,
        { file: file.file, line: 1, column: 1 },
        properties,
        config,
      ),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
      relation: relationOf(parsing, 'model', name, fqn, config),
    },
    inputs: recording.inputs,
  }
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
    return [{ name: stemOf(file.file), at: { file: file.file, line: 1, column: 1 } }]
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
  const properties = index.of('snapshot', name)
  const recording = recordFile(parsing, name, file, span)
  const inBlock = span === undefined ? [] : [stemOf(file.file)]
  const fqn = fqnBelow(parsing.project.name, file, ...inBlock, name)
  const config = configOf(parsing, 'snapshot', fqn, properties, recording.config)
  checkSnapshot(name, at, config)
  return {
    node: {
      kind: 'snapshot',
      id: nodeId('snapshot', parsing.project.name, name),
      ...common(parsing, 'snapshot', name, fqn, at, properties, config),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
      relation: relationOf(parsing, 'snapshot', name, fqn, config),
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
  const properties = index.of('seed', name)
  const fqn = fqnBelow(parsing.project.name, file, name)
  const config = configOf(parsing, 'seed', fqn, properties, [])
  const delimiter = config.delimiter ?? ','
  const found = parsing.cache.seed(file.file, `${file.checksum} ${delimiter}`, () =>
    seedFields(file.file, parsing.readSeed(file.file), delimiter),
  )
  return {
    node: {
      kind: 'seed',
      id: nodeId('seed', parsing.project.name, name),
      ...common(
        parsing,
        'seed',
        name,
        fqn,
        { file: file.file, line: 1, column: 1 },
        properties,
        config,
      ),
      checksum: file.checksum,
      dependsOn: [],
      relation: relationOf(parsing, 'seed', name, fqn, config),
      file: file.file,
      fields: found.map((field) => ({
        ...field,
        type: config.column_types?.[field.name] ?? field.type,
      })),
    },
    inputs: [],
  }
}

function draftSingularTest(parsing: Parsing, file: ProjectFile): Draft {
  const name = stemOf(file.file)
  const recording = recordFile(parsing, name, file)
  const fqn = fqnBelow(parsing.project.name, file, name)
  const config = configOf(parsing, 'test', fqn, undefined, recording.config)
  return {
    node: {
      kind: 'test',
      id: nodeId('test', parsing.project.name, name),
      ...common(
        parsing,
        'test',
        name,
        fqn,
        { file: file.file, line: 1, column: 1 },
        undefined,
        config,
      ),
      checksum: file.checksum,
      ...unresolved(file.text, recording),
    },
    inputs: recording.inputs,
  }
}

function recordFile(
  { cache, templates, project }: Parsing,
  name: string,
  { file, text, checksum }: ProjectFile,
  span?: { readonly start: number; readonly end: number },
): Recording {
  // A block's recording depends on the whole file, because its places do.
  const id = span === undefined && file.endsWith('.sql') ? file : `${file}#${name}`
  return cache.recording(id, checksum, () =>
    recordTemplate(span === undefined ? { file, text } : { file, text, span }, {
      templates,
      project,
      name,
    }),
  )
}

function configOf(
  { levels }: Parsing,
  kind: 'model' | 'snapshot' | 'seed' | 'test',
  fqn: readonly string[],
  properties: ResourceProperties | undefined,
  inFile: readonly InFileConfig[],
): NodeConfig {
  return levels.merge(kind, fqn, [
    ...(properties === undefined ? [] : [properties.config]),
    ...levels.check(kind, inFile),
  ])
}

function relationOf(
  { project, templates }: Parsing,
  kind: 'model' | 'snapshot' | 'seed',
  name: string,
  fqn: readonly string[],
  config: NodeConfig,
): Relation {
  return nameRelation({ kind, name, package: project.name, fqn, config }, project, templates)
}

function common(
  { project, levels }: Parsing,
  kind: 'model' | 'snapshot' | 'seed' | 'test',
  name: string,
  fqn: readonly string[],
  at: Location,
  properties: ResourceProperties | undefined,
  config: NodeConfig,
) {
  return {
    name,
    package: project.name,
    at,
    fqn,
    description: properties?.description ?? '',
    columns: columnsOf(properties?.columns ?? []),
    config,
    writtenConfig: levels.merge(kind, fqn, properties === undefined ? [] : [properties.config]),
    ...(properties !== undefined && { describedIn: properties.at.file }),
  }
}

function unresolved(rawCode: string, { macros, vars, env }: Recording) {
  const reads = { vars, env }
  return { rawCode, dependsOn: [], refs: [], sources: [], changesOf: [], keysOf: [], macros, reads }
}

/** Columns as the manifest holds them: by name, in the order of the file, without their tests. */
export function columnsOf(columns: readonly ColumnProperties[]): ReadonlyMap<string, ColumnInfo> {
  return new Map(
    columns.map(({ name, description, data_type, meta, tags }) => [
      name,
      { name, description, meta, tags, ...(data_type !== undefined && { data_type }) },
    ]),
  )
}
