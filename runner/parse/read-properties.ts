import { throwAll } from '../base/error.ts'
import type { NodeKind } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import { explainIssues, inFileOrder, valueAt } from '../project/explain-issues.ts'
import { isTemplate, renderSettings } from '../project/render-settings.ts'
import { parseYaml } from '../project/yaml-with-places.ts'
import type { TestedTable } from './name-test.ts'
import type {
  MacroProperties,
  PropertiesFile,
  ResourceProperties,
  SourceProperties,
} from './properties.ts'
import type {
  RawModel,
  RawProperties,
  RawResource,
  RawSource,
  RawTable,
} from './properties-schema.ts'
import { LEFT_ASIDE, propertiesSchema } from './properties-schema.ts'
import { readColumns, readTests } from './read-columns.ts'
import { readConfig } from './read-config.ts'
import { readConstraints } from './read-constraints.ts'
import { readExposure, readGroup } from './read-exposure.ts'
import { readUnitTest } from './read-unit-test.ts'
import { readVersions } from './read-versions.ts'
import type { Reading } from './reading.ts'

/** What stays as written: descriptions see `doc()`, tests are rendered with the rest of the project, hooks in a run. */
const LATER = /^(description|relation|tests|data_tests|depends_on|pre[-_]hook|post[-_]hook)$/

/**
 * Reads one properties file. An empty file has no properties.
 *
 * @param file path relative to the project root, for places.
 * @param evaluate gives the value of a text with a template in it.
 * @param own names of the project's own materializations.
 * @throws GmError or GmErrors GM1002 unknown key, GM1003 wrong type or value, GM1004 YAML syntax, GM1008 not
 *   supported yet, GM2002 a column named twice; all that the file has. Those of its templates.
 */
export function readProperties(
  text: string,
  file: string,
  evaluate: (text: string) => unknown,
  own: readonly string[] = [],
): PropertiesFile {
  const yaml = parseYaml(text, file)
  const { placeOf } = yaml
  const textPlace = textPlaces(text)
  const reading: Reading = { placeOf, textPlace, unrendered: yaml.value, errors: [], own }
  const value = renderSettings(
    yaml.value ?? {},
    evaluate,
    (path) => LATER.test(String(path.at(-1))) || isFixture(path),
    yaml.placeOf,
    reading.errors,
  )
  throwAll(inFileOrder(reading.errors))
  const parsed = propertiesSchema.safeParse(value)
  if (!parsed.success) {
    throwAll(explainIssues(parsed.error, propertiesSchema, value, yaml.placeOf))
  }
  const raw: RawProperties = parsed.data ?? {}
  const resources = (key: 'seeds' | 'snapshots', kind: NodeKind): ResourceProperties[] =>
    (raw[key] ?? []).map((entry, i) => readResource(kind, entry, [key, i], reading))
  const properties: PropertiesFile = {
    file,
    models: (raw.models ?? []).map((entry, i) => readModel(entry, ['models', i], reading)),
    seeds: resources('seeds', 'seed'),
    snapshots: resources('snapshots', 'snapshot'),
    sources: (raw.sources ?? []).map((entry, i) => readSource(entry, ['sources', i], reading)),
    macros: (raw.macros ?? []).map((entry, i) => readMacro(entry, ['macros', i], reading)),
    analyses: (raw.analyses ?? []).map((entry, i) =>
      readResource('analysis', entry, ['analyses', i], reading),
    ),
    dataTests: (raw.data_tests ?? []).map((entry, i) =>
      readResource('test', entry, ['data_tests', i], reading),
    ),
    exposures: (raw.exposures ?? []).map((entry, i) =>
      readExposure(entry, ['exposures', i], reading),
    ),
    groups: (raw.groups ?? []).map((entry, i) => readGroup(entry, ['groups', i], reading)),
    unitTests: (raw.unit_tests ?? []).map((entry, i) =>
      readUnitTest(entry, ['unit_tests', i], reading),
    ),
    leftAside: Object.keys(LEFT_ASIDE).flatMap((key) =>
      Object.hasOwn(raw, key) ? [{ key, at: yaml.placeOf([key]) }] : [],
    ),
  }
  throwAll(inFileOrder(reading.errors))
  return properties
}

/** Rows of a unit test are no templates, and its overrides are values for templates. */
function isFixture([list, , key]: Path): boolean {
  return list === 'unit_tests' && key !== undefined && key !== 'config'
}

/** A text that begins with `|` or `>` stands on the lines below. */
function textPlaces(text: string): Reading['textPlace'] {
  let lines: readonly string[] | undefined
  return (at, line) => {
    lines ??= text.split('\n')
    const isBelow = /^[|>]/.test(lines[at.line - 1]?.slice(at.column - 1) ?? '')
    if (!isBelow) return at
    const found = lines[at.line - 1 + line] ?? ''
    const column = found.length - found.trimStart().length + 1
    return { file: at.file, line: at.line + line, column }
  }
}

function readModel(raw: RawModel, path: Path, reading: Reading): ResourceProperties {
  const { deprecation_date: deprecationDate } = raw
  const model = {
    ...readResource('model', raw, path, reading),
    ...(deprecationDate !== undefined && { deprecationDate }),
    constraints: readConstraints(raw.constraints, path, reading),
  }
  return { ...model, ...readVersions(raw, model, path, reading) }
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
    columns: readColumns('columns' in raw ? raw.columns : undefined, on, path, reading),
    tests: 'data_tests' in raw || 'tests' in raw ? readTests(raw, { on }, path, reading) : [],
    ...('relation' in raw &&
      raw.relation !== undefined && {
        relation: { text: raw.relation, at: reading.placeOf([...path, 'relation'], 'value') },
      }),
  }
}

function readSource(raw: RawSource, path: Path, reading: Reading): SourceProperties {
  return {
    name: raw.name,
    at: reading.placeOf([...path, 'name'], 'value'),
    schema: raw.schema ?? raw.name,
    ...unrenderedSchema(valueAt(reading.unrendered, [...path, 'schema'])),
    ...(raw.database !== undefined && {
      database: { name: raw.database, at: reading.placeOf([...path, 'database'], 'value') },
    }),
    description: raw.description ?? '',
    config: readConfig('source', raw, path, reading),
    tables: (raw.tables ?? []).map((table, i) =>
      readTable(table, raw.name, [...path, 'tables', i], reading),
    ),
  }
}

function unrenderedSchema(written: unknown): Pick<SourceProperties, 'unrenderedSchema'> {
  return typeof written === 'string' && isTemplate(written) ? { unrenderedSchema: written } : {}
}

function readTable(
  raw: RawTable,
  source: string,
  path: Path,
  reading: Reading,
): SourceProperties['tables'][number] {
  const on: TestedTable = { kind: 'source', source, table: raw.name }
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
