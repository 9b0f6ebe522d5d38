import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { stackConfig } from '../manifest/merge-config.ts'
import type { Version } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import type { ColumnProperties, ResourceProperties, VersionProperties } from './properties.ts'
import type { RawColumn, RawModel, RawVersion } from './properties-schema.ts'
import { readColumns, readTests } from './read-columns.ts'
import { readConfig } from './read-config.ts'
import { readConstraints } from './read-constraints.ts'
import type { Reading } from './reading.ts'

/** `versions:` of a model and the one that a plain `ref` means; nothing for a model without versions. */
export function readVersions(
  raw: RawModel,
  model: ResourceProperties,
  path: Path,
  reading: Reading,
): Pick<ResourceProperties, 'versions' | 'latestVersion'> {
  const given = raw.versions ?? []
  if (given.length === 0) return {}
  const versions = given.map((one, i) =>
    readVersion(raw, one, model, [...path, 'versions', i], reading),
  )
  const seen = new Set<string>()
  for (const [i, { v }] of given.entries()) {
    if (seen.has(String(v))) {
      reading.errors.push(
        new GmError('GM2002', `version ${v} of "${raw.name}" is listed twice`, {
          at: reading.placeOf([...path, 'versions', i, 'v'], 'value'),
        }),
      )
    }
    seen.add(String(v))
  }
  const latestVersion = raw.latest_version ?? highest(given.map(({ v }) => v))
  if (!seen.has(String(latestVersion))) {
    reading.errors.push(
      new GmError('GM1003', `"latest_version" is ${latestVersion}, which is none of the versions`, {
        at: reading.placeOf([...path, 'latest_version'], 'value'),
        hint: `The versions are ${[...seen].join(', ')}.`,
      }),
    )
  }
  return { versions, latestVersion }
}

function readVersion(
  raw: RawModel,
  version: RawVersion,
  model: ResourceProperties,
  path: Path,
  reading: Reading,
): VersionProperties {
  const on = { kind: 'node', name: raw.name, version: version.v } as const
  const columns = version.columns ?? []
  const chosen = columns.find(isChoice)
  const own = readColumns(
    columns.map((column) => (isChoice(column) ? undefined : column)),
    on,
    path,
    reading,
  )
  const inherited = readColumns(raw.columns, on, path.slice(0, -2), { ...reading, errors: [] })
  const ownTests = version.data_tests ?? version.tests
  const deprecationDate = version.deprecation_date ?? model.deprecationDate
  return {
    name: raw.name,
    version: version.v,
    at: reading.placeOf([...path, 'v'], 'value'),
    ...(version.defined_in !== undefined && {
      definedIn: version.defined_in.replace(/\.sql$/, ''),
    }),
    description: version.description ?? model.description,
    config: stackConfig([model.config, readConfig('model', version, path, reading)]),
    columns: merged(choose(inherited, chosen, path, reading), own),
    tests:
      ownTests === undefined
        ? readTests(raw, { on }, path.slice(0, -2), { ...reading, errors: [] })
        : readTests(version, { on }, path, reading),
    ...(deprecationDate !== undefined && { deprecationDate }),
    constraints:
      version.constraints === undefined
        ? (model.constraints ?? [])
        : readConstraints(version.constraints, path, reading),
  }
}

type Choice = Exclude<NonNullable<RawVersion['columns']>[number], RawColumn>

function isChoice(column: NonNullable<RawVersion['columns']>[number]): column is Choice {
  return !('name' in column)
}

/** The model's columns that a version keeps: all of them unless it says otherwise. */
function choose(
  columns: readonly ColumnProperties[],
  choice: Choice | undefined,
  path: Path,
  reading: Reading,
): ColumnProperties[] {
  const { include = 'all', exclude = [] } = choice ?? {}
  const names = columns.map(({ name }) => name)
  const wanted = include === 'all' || include === '*' ? names : [include].flat()
  for (const name of [...wanted, ...exclude]) {
    if (names.includes(name)) continue
    reading.errors.push(
      new GmError('GM1003', `the model has no column "${name}"`, {
        at: reading.placeOf([...path, 'columns']),
        hint: didYouMean(name, names) ?? 'List it among the columns of the model.',
      }),
    )
  }
  return columns.filter(({ name }) => wanted.includes(name) && !exclude.includes(name))
}

function merged(
  inherited: readonly ColumnProperties[],
  own: readonly ColumnProperties[],
): ColumnProperties[] {
  const names = new Set(own.map(({ name }) => name))
  return [...inherited.filter(({ name }) => !names.has(name)), ...own]
}

/** Numbers by size; as soon as a word is among them, by the alphabet, as dbt does. */
function highest(versions: readonly Version[]): Version {
  const areNumbers = versions.every((v) => /^\d+(\.\d+)?$/.test(String(v)))
  return versions.reduce((a, b) =>
    (areNumbers ? Number(b) > Number(a) : String(b) > String(a)) ? b : a,
  )
}
