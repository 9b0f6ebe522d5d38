import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import { nearest } from '../base/nearest.ts'
import type { Node, NodeId } from '../manifest/node.ts'
import { isReadable, nodeId } from '../manifest/node.ts'
import { NO_COLUMNS, NONE, orNone, readsOf } from '../manifest/shared-empty.ts'
import { BUILT_IN_PACKAGE } from './built-in-tests.ts'
import type { Parsing, TestDraft } from './draft.ts'
import { collecting } from './draft.ts'
import { fqnBelow } from './fqn-below.ts'
import { genericTestMacro, inputOfArgument } from './generic-test.ts'
import type { ColumnProperties, ResourceProperties, TestProperties } from './properties.ts'
import type { ProjectFile } from './read-files.ts'
import type { InputCall, Recording } from './record-template.ts'
import { recordMacro } from './record-template.ts'
import { relationObject } from './relation-object.ts'
import type { TestDefinition, TestDefinitions } from './test-definitions.ts'

/** The tests that one entry of a properties file asks for, on the table and on its columns. */
export function draftTests(
  parsing: Parsing,
  definitions: TestDefinitions,
  on: Node,
  properties: ResourceProperties,
  from: ProjectFile,
): TestDraft[] {
  const drafts: TestDraft[] = []
  const add = (entry: TestProperties, column?: ColumnProperties): void => {
    const draft = collecting(parsing.errors, () =>
      draftTest(parsing, definitions, { on, entry, column, from }),
    )
    if (draft !== undefined) drafts.push(draft)
  }
  for (const entry of properties.tests) add(entry)
  for (const column of properties.columns) {
    for (const entry of column.tests) add(entry, column)
  }
  return drafts
}

interface Request {
  readonly on: Node
  readonly entry: TestProperties
  readonly column: ColumnProperties | undefined
  readonly from: ProjectFile
}

function draftTest(parsing: Parsing, definitions: TestDefinitions, request: Request): TestDraft {
  const { levels } = parsing
  const { on, entry, column, from } = request
  const definition = definitionOf(entry, from.package, definitions)
  checkArguments(definition, entry, column !== undefined)

  const { named } = entry
  const id = nodeId('test', from.package, named.name, named.hash)
  const recording = recordTest(parsing, definition, request, id)
  const fqn = fqnBelow(from, named.name)
  const config = levels.merge('test', from.package, fqn, [
    ...levels.check('test', recording.config, (call) => parsing.templates.placesOfCall(call, from)),
    entry.config,
  ])
  return {
    node: {
      kind: 'test',
      id,
      name: named.name,
      package: from.package,
      at: entry.at,
      fqn,
      description: entry.description,
      columns: NO_COLUMNS,
      config,
      writtenConfig: levels.mergeWritten('test', from.package, fqn, [entry.config]),
      describedIn: from.file,
      checksum: isEmpty(entry.config)
        ? named.checksum
        : hash('sha256', named.checksum + JSON.stringify(entry.config)),
      dependsOn: NONE,
      rawCode: `{{ ${genericTestMacro(definition)}(…) }}`,
      refs: NONE,
      sources: NONE,
      changesOf: NONE,
      macros: orNone(recording.macros),
      reads: readsOf(recording.vars, recording.env),
      keysOf: NONE,
      generic: {
        name: entry.test,
        arguments: entry.arguments,
        ...(column !== undefined && { column: column.name }),
        on: on.id,
      },
    },
    inputs: [inputOf(on, entry), ...recording.inputs],
  }
}

/**
 * What a test reads besides the table under test. The built-in ones read what their arguments name; a project's own
 * may call `ref` in its body, so it is rendered.
 */
function recordTest(
  { cache, templates, project }: Parsing,
  definition: TestDefinition,
  { on, entry, column, from }: Request,
  id: NodeId,
): Recording {
  const inputs: InputCall[] = []
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(entry.arguments)) {
    const input = inputOfArgument(value, entry.at)
    if (input !== undefined) inputs.push(input)
    values[name] = input === undefined ? value : placeholder(project.target, input)
  }
  if (definition.package === BUILT_IN_PACKAGE) {
    return { config: NONE, inputs, vars: NONE, env: NONE, macros: NONE }
  }
  if (column !== undefined) values.column_name = column.name
  const relation = isReadable(on) ? on.relation : undefined
  if (relation !== undefined) values.model = relationObject(relation, project.target.database)
  const key = hash(
    'sha256',
    JSON.stringify([entry.test, column?.name, entry.arguments, entry.at, on.name, relation]),
  )
  const context = {
    templates,
    project,
    kind: 'test',
    name: on.name,
    package: from.package,
  } as const
  const rendered = cache.recording(id, key, from.package, () =>
    recordMacro(genericTestMacro(definition), values, context),
  )
  return { ...rendered, inputs: [...inputs, ...rendered.inputs] }
}

function isEmpty(mapping: object): boolean {
  return Object.keys(mapping).length === 0
}

function placeholder(target: { schema: string; database: string }, input: InputCall) {
  const relation =
    input.kind === 'ref'
      ? { schema: target.schema, identifier: input.name }
      : { schema: input.source, identifier: input.table }
  return relationObject(relation, target.database)
}

function inputOf(on: Node, { at }: TestProperties): InputCall {
  const common = { at, viaChanges: false, isOptional: false }
  return on.kind === 'source'
    ? { kind: 'source', source: on.sourceName, table: on.name, ...common }
    : {
        kind: 'ref',
        name: on.name,
        package: on.package,
        ...(on.kind === 'model' && on.version !== undefined && { version: on.version }),
        ...common,
      }
}

function definitionOf(
  entry: TestProperties,
  owner: string,
  definitions: TestDefinitions,
): TestDefinition {
  const found = definitions.find(entry.test, owner)
  if (found !== undefined) return found
  const close = nearest(entry.test, definitions.names(owner))
  throw new GmError('GM2009', `there is no test "${entry.test}"`, {
    at: entry.at,
    hint:
      close === undefined
        ? `Define it with {% test ${entry.test}(model, column_name) %} in a macro file.`
        : `Did you mean "${close}"?`,
  })
}

function checkArguments(
  definition: TestDefinition,
  entry: TestProperties,
  onColumn: boolean,
): void {
  const { parameters } = definition
  const wrong = (message: string, hint: string): GmError =>
    new GmError('GM2008', message, { at: entry.at, hint })
  const signature = (): string =>
    `${definition.name}(${parameters
      .map((parameter) => (parameter.isOptional ? `[${parameter.name}]` : parameter.name))
      .join(', ')})`
  const given = ['model', ...Object.keys(entry.arguments)]
  if (onColumn) given.push('column_name')
  for (const name of given) {
    if (parameters.some((parameter) => parameter.name === name)) continue
    const close = nearest(
      name,
      parameters.map((parameter) => parameter.name),
    )
    const message =
      name === 'column_name'
        ? `the test "${entry.test}" is for tables, not for columns`
        : `the test "${entry.test}" has no argument "${name}"`
    throw wrong(message, close === undefined ? `It is ${signature()}.` : `Did you mean "${close}"?`)
  }
  for (const { name, isOptional } of parameters) {
    if (isOptional || given.includes(name)) continue
    throw name === 'column_name'
      ? wrong(
          `the test "${entry.test}" needs a column`,
          'List it under a column, or give column_name.',
        )
      : wrong(`the test "${entry.test}" needs the argument "${name}"`, `It is ${signature()}.`)
  }
}
