import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { FixtureRows, GivenInput, ModelNode, Node, UnitTestNode } from '../manifest/node.ts'
import { nodeId } from '../manifest/node.ts'
import type { Draft, Parsing } from './draft.ts'
import { collecting } from './draft.ts'
import { csvRows } from './fixture-rows.ts'
import { fqnBelow, stemOf } from './fqn-below.ts'
import { inputOfArgument } from './generic-test.ts'
import type {
  GivenProperties,
  PropertiesFile,
  RowsProperties,
  UnitTestProperties,
} from './properties.ts'
import type { ProjectFile } from './read-files.ts'
import type { InputCall } from './record-template.ts'

interface DescribedFile {
  readonly from: ProjectFile
  readonly properties: PropertiesFile
}

/**
 * One node for each unit test, and for each version of its model that it is for; in the order of files.
 * @param broken names of files with errors of their own; nothing is said about unit tests of them.
 */
export function draftUnitTests(
  parsing: Parsing,
  files: readonly DescribedFile[],
  resources: readonly Draft[],
  broken: ReadonlySet<string>,
): Draft[] {
  const nodes = resources.map(({ node }) => node)
  return files.flatMap(({ from, properties }) =>
    properties.unitTests
      .filter(({ model }) => !broken.has(model.name))
      .flatMap((test) =>
        (collecting(parsing.errors, () => testedModels(test, from.package, nodes)) ?? []).flatMap(
          (model) =>
            collecting(parsing.errors, () => draftUnitTest(parsing, test, from, model)) ?? [],
        ),
      ),
  )
}

/** @throws GmError GM2007 for a model that there is not, GM2008 for versions that it does not have. */
function testedModels(
  { name, model, versions }: UnitTestProperties,
  owner: string,
  nodes: readonly Node[],
): readonly ModelNode[] {
  const named = nodes.filter((node) => node.package === owner && node.name === model.name)
  const models = named.filter((node) => node.kind === 'model')
  const [other] = named
  if (models.length === 0) {
    const names = nodes.flatMap((node) => (node.kind === 'model' ? [node.name] : []))
    throw new GmError(
      'GM2007',
      other === undefined
        ? `there is no model "${model.name}"`
        : `"${model.name}" is a ${other.kind}, and unit tests are about models`,
      { at: model.at, hint: other === undefined ? didYouMean(model.name, names) : undefined },
    )
  }
  if (versions === undefined) return models
  const { include, exclude = [], at } = versions
  const kept = models.filter(
    ({ version }) =>
      version !== undefined &&
      (include?.includes(String(version)) ?? true) &&
      !exclude.includes(String(version)),
  )
  if (kept.length > 0) return kept
  const known = models.flatMap(({ version }) => (version === undefined ? [] : [version]))
  throw new GmError('GM2008', `"${name}" is for no version of "${model.name}"`, {
    at,
    hint:
      known.length === 0
        ? 'The model has no versions: leave the key away.'
        : `Its versions are ${known.join(', ')}.`,
  })
}

function draftUnitTest(
  parsing: Parsing,
  test: UnitTestProperties,
  from: ProjectFile,
  model: ModelNode,
): Draft {
  const { name, at, description, overrides } = test
  const fqn = fqnBelow(from, test.model.name, name)
  const config = parsing.levels.merge('unit_test', from.package, fqn, [test.config])
  const { version } = model
  const suffix = version === undefined ? '' : `_v${version}`
  const inputs: InputCall[] = []
  const given = test.given.map((one): GivenInput => {
    const rows = rowsOf(one, parsing, from.package)
    const input = inputOfArgument(one.input, one.at)
    if (input !== undefined) inputs.push(input)
    else if (one.input !== 'this') {
      throw new GmError('GM2008', `"${one.input}" is neither ref(), source() nor this`, {
        at: one.at,
        hint: "Write ref('model'), source('source', 'table') or this.",
      })
    }
    // What a ref means is known when all nodes are; until then it is the model itself.
    return { written: one.input, at: one.at, input: model.id, rows }
  })
  const expect = settled(test.expect, parsing, from.package)
  const checked = { given, expect, overrides }
  const node: UnitTestNode = {
    kind: 'unit_test',
    id: nodeId('unit_test', from.package, test.model.name, `${name}${suffix}`),
    name: `${name}${suffix}`,
    package: from.package,
    at,
    fqn,
    description,
    columns: new Map(),
    // Nobody asks about a model that is switched off.
    config: { ...config, enabled: config.enabled && model.config.enabled },
    writtenConfig: config,
    describedIn: from.file,
    checksum: hash(
      'sha256',
      JSON.stringify(checked, (key, value: unknown) => (key === 'at' ? undefined : value)),
    ),
    dependsOn: [model.id],
    on: model.id,
    ...(version !== undefined && { version }),
    ...checked,
    refs: [],
    sources: [],
  }
  return { node, inputs }
}

/** The rows of an input; those of a seed's file where none are given, as in dbt. */
function rowsOf(given: GivenProperties, parsing: Parsing, owner: string): FixtureRows {
  if (given.rows !== undefined) return settled(given.rows, parsing, owner)
  const input = inputOfArgument(given.input, given.at)
  const name = input?.kind === 'ref' ? input.name : undefined
  const seed = parsing.files.seeds.find(({ file }) => stemOf(file) === name)
  if (seed === undefined) {
    throw new GmError('GM1003', '"rows" or "fixture" is missing', {
      at: given.at,
      hint: '"rows: []" means no row. Only a seed is read from its own file.',
    })
  }
  return csvFile(seed.file, parsing.readSeed(seed.file), given.at)
}

/** @throws GmError GM1009 for a fixture that is not there, GM7003 for one that is no CSV. */
function settled(rows: RowsProperties, { files }: Parsing, owner: string): FixtureRows {
  if (rows.format !== 'fixture') return rows
  const { name, ending, at } = rows
  const own = files.fixtures.filter((file) => file.package === owner)
  const found = own.find(({ file }) => stemOf(file) === name && file.endsWith(`.${ending}`))
  if (found === undefined) {
    const [folder = 'tests'] = own.map((file) => file.folder)
    throw new GmError('GM1009', `there is no fixture ${name}.${ending}`, {
      at,
      hint:
        didYouMean(
          name,
          own.map(({ file }) => stemOf(file)),
        ) ?? `Fixtures are files of the folder ${folder}/fixtures.`,
    })
  }
  if (ending === 'csv') return csvFile(found.file, found.text, at)
  return { format: 'sql', at: { file: found.file, line: 1, column: 1 }, sql: found.text }
}

function csvFile(file: string, text: string, at: FixtureRows['at']): FixtureRows {
  return { format: 'rows', at, rows: csvRows(text, (line) => ({ file, line, column: 1 })) }
}
