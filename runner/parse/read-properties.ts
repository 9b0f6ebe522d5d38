import { GmError, throwAll } from '../base/error.ts'
import type { GivenConfig } from '../manifest/config-schema.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { stackConfig } from '../manifest/merge-config.ts'
import type { NodeKind } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import { explainIssues, inFileOrder } from '../project/explain-issues.ts'
import { parseYaml } from '../project/yaml-with-places.ts'
import type { TestedTable } from './name-test.ts'
import type {
  ColumnProperties,
  MacroProperties,
  PropertiesFile,
  ResourceProperties,
  SourceProperties,
  TestProperties,
} from './properties.ts'
import type {
  RawColumn,
  RawProperties,
  RawResource,
  RawSource,
  RawTable,
  RawTest,
} from './properties-schema.ts'
import { propertiesSchema } from './properties-schema.ts'
import type { TestedPlace } from './read-test-entry.ts'
import { readTestEntry } from './read-test-entry.ts'
import type { Reading } from './reading.ts'
import { placesBelow } from './reading.ts'

/**
 * Reads one properties file. An empty file has no properties.
 *
 * @param file path relative to the project root, for places.
 * @throws GmError or GmErrors GM1002 unknown key, GM1003 wrong type or value, GM1004 YAML syntax, GM1008 not
 *   supported yet, GM2002 a column named twice; all that the file has.
 */
export function readProperties(text: string, file: string): PropertiesFile {
  const yaml = parseYaml(text, file)
  const parsed = propertiesSchema.safeParse(yaml.value ?? {})
  if (!parsed.success) {
    throwAll(explainIssues(parsed.error, propertiesSchema, yaml.value ?? {}, yaml.placeOf))
  }
  const raw: RawProperties = parsed.data ?? {}
  const reading: Reading = { placeOf: yaml.placeOf, errors: [] }
  const resources = (key: 'models' | 'seeds' | 'snapshots', kind: NodeKind): ResourceProperties[] =>
    (raw[key] ?? []).map((entry, i) => readResource(kind, entry, [key, i], reading))
  const properties: PropertiesFile = {
    file,
    models: resources('models', 'model'),
    seeds: resources('seeds', 'seed'),
    snapshots: resources('snapshots', 'snapshot'),
    sources: (raw.sources ?? []).map((entry, i) => readSource(entry, ['sources', i], reading)),
    macros: (raw.macros ?? []).map((entry, i) => readMacro(entry, ['macros', i], reading)),
    analyses: (raw.analyses ?? []).map((entry, i) => readAnalysis(entry, ['analyses', i], reading)),
  }
  throwAll(inFileOrder(reading.errors))
  return properties
}

function readResource(
  kind: NodeKind,
  raw: RawResource,
  path: Path,
  reading: Reading,
): ResourceProperties {
  const on: TestedTable = { kind: 'node', name: raw.name }
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    config: readConfig(kind, raw, path, reading),
    columns: readColumns(raw.columns, on, path, reading),
    tests: readTests(raw, { on }, path, reading),
    ...('relation' in raw &&
      raw.relation !== undefined && {
        relation: { text: raw.relation, at: reading.placeOf([...path, 'relation'], 'value') },
      }),
  }
}

function readSource(raw: RawSource, path: Path, reading: Reading): SourceProperties {
  refuseTemplate(raw.schema, [...path, 'schema'], reading)
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    schema: raw.schema ?? raw.name,
    description: raw.description ?? '',
    config: readConfig('source', raw, path, reading),
    tables: (raw.tables ?? []).map((table, i) =>
      readTable(table, raw.name, [...path, 'tables', i], reading),
    ),
  }
}

function readTable(
  raw: RawTable,
  source: string,
  path: Path,
  reading: Reading,
): SourceProperties['tables'][number] {
  const on: TestedTable = { kind: 'source', source, table: raw.name }
  refuseTemplate(raw.identifier, [...path, 'identifier'], reading)
  return {
    name: raw.name,
    identifier: raw.identifier ?? raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    config: readConfig('source', raw, path, reading),
    columns: readColumns(raw.columns, on, path, reading),
    tests: readTests(raw, { on }, path, reading),
  }
}

/** A template here would silently become part of a name: dbt renders these, gm does not yet. */
function refuseTemplate(value: string | undefined, path: Path, reading: Reading): void {
  if (value?.includes('{{') !== true) return
  reading.errors.push(
    new GmError('GM1008', `gm does not support templates in "${path.at(-1) ?? ''}" yet`, {
      at: reading.placeOf(path, 'value'),
      hint: 'Write the name itself.',
    }),
  )
}

function readMacro(
  raw: NonNullable<RawProperties['macros']>[number],
  path: Path,
  reading: Reading,
): MacroProperties {
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    arguments: (raw.arguments ?? []).map((argument) => ({
      name: argument.name,
      description: argument.description ?? '',
      ...(argument.type !== undefined && { type: argument.type }),
    })),
  }
}

function readAnalysis(
  raw: NonNullable<RawProperties['analyses']>[number],
  path: Path,
  reading: Reading,
): ResourceProperties {
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    description: raw.description ?? '',
    config: {
      tags: [...list(raw.tags), ...list(raw.config?.tags)],
      meta: { ...raw.meta, ...raw.config?.meta },
    },
    columns: readColumns(raw.columns, { kind: 'node', name: raw.name }, path, reading),
    tests: [],
  }
}

function readColumns(
  raw: readonly RawColumn[] | undefined,
  on: TestedTable,
  path: Path,
  reading: Reading,
): ColumnProperties[] {
  const seen = new Set<string>()
  return (raw ?? []).map((column, i) => {
    const here = [...path, 'columns', i]
    const at = reading.placeOf([...here, 'name'], 'value')
    if (seen.has(column.name)) {
      reading.errors.push(new GmError('GM2002', `column "${column.name}" is listed twice`, { at }))
    }
    seen.add(column.name)
    return {
      name: column.name,
      at,
      description: column.description ?? '',
      ...(column.data_type !== undefined && { data_type: column.data_type }),
      meta: { ...column.meta, ...column.config?.meta },
      tags: [...new Set([...list(column.tags), ...list(column.config?.tags)])],
      tests: readTests(column, { on, column: column.name }, here, reading),
    }
  })
}

function readTests(
  raw: { data_tests?: RawTest[] | undefined; tests?: RawTest[] | undefined },
  tested: TestedPlace,
  path: Path,
  reading: Reading,
): TestProperties[] {
  if (raw.data_tests !== undefined && raw.tests !== undefined) {
    reading.errors.push(
      new GmError('GM1003', 'both "data_tests" and "tests" are given', {
        at: reading.placeOf([...path, 'tests']),
        hint: 'Put all of them under data_tests.',
      }),
    )
  }
  const key = raw.data_tests === undefined ? 'tests' : 'data_tests'
  return (raw[key] ?? []).flatMap((entry, i) =>
    readTestEntry(entry, tested, [...path, key, i], reading),
  )
}

/** The configuration of a resource: dbt takes meta, tags and docs beside `config:` too, and both places count. */
function readConfig(
  kind: NodeKind,
  raw: {
    meta?: unknown
    tags?: unknown
    docs?: unknown
    config?: Record<string, unknown> | undefined
  },
  path: Path,
  reading: Reading,
): GivenConfig {
  const { meta, tags, docs } = raw
  const beside = Object.entries({ meta, tags, docs }).filter(([, value]) => value !== undefined)
  const levels: [Path, Record<string, unknown>][] = [
    [path, Object.fromEntries(beside)],
    [[...path, 'config'], raw.config ?? {}],
  ]
  return stackConfig(
    levels.map(([at, level]) => {
      const { config, errors } = checkNodeConfig(kind, level, placesBelow(at, reading))
      reading.errors.push(...errors)
      return config
    }),
  )
}

function list(given: string | readonly string[] | undefined): readonly string[] {
  return typeof given === 'string' ? [given] : (given ?? [])
}
