import { GmError } from '../base/error.ts'
import { defaultConfig } from '../manifest/describe-config.ts'
import type { NodeKind, RefCall, Relation, SourceCall } from '../manifest/node.ts'
import { macroId, nodeId } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Macro, Templates } from '../template/create-templates.ts'
import type { Call, Scope, TemplateFile } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { BUILT_IN_MACROS } from './built-in-macros.ts'
import { callArguments, textArguments } from './call-arguments.ts'
import type { InFileConfig } from './config-levels.ts'
import { configObject } from './config-object.ts'
import { relationObject } from './relation-object.ts'
import { scanExecuteCalls } from './scan-execute-calls.ts'
import { sharedScope } from './shared-scope.ts'

/** A `ref` or `source` as seen in a template. */
export type InputCall = (
  | ({ readonly kind: 'ref' } & RefCall)
  | ({ readonly kind: 'source' } & SourceCall)
) & {
  readonly viaChanges: boolean
  /** Columns of each `changed_keys()` of it, in the order of their names. */
  readonly keys?: readonly (readonly string[])[]
  /** Seen only in the text, under conditions that may never hold: no error when there is no such node. */
  readonly isOptional: boolean
}

/** All that a template told while it was rendered for parsing. Plain data, kept in the cache. */
export interface Recording {
  readonly config: readonly InFileConfig[]
  readonly inputs: readonly InputCall[]
  /** Names of the variables and environment variables that were read: the result depends on their values. */
  readonly vars: readonly string[]
  readonly env: readonly string[]
  /** Ids of the macros that it mentions, gm's own left out. */
  readonly macros: readonly string[]
}

export interface RecordingContext {
  readonly templates: Templates
  readonly project: Project
  readonly kind: NodeKind
  /** The name of the node; while parsing, `this` is that name in the target's schema. */
  readonly name: string
  /** The package of the file. */
  readonly package: string
}

/**
 * Renders a template for what it says about its node: its inputs and its configuration.
 *
 * Rendering has `execute` false. A template that asks `is_incremental()` is rendered for both answers, so that what
 * only an incremental run reads is an input too; calls under `execute` are found in the text. A name that is put
 * together in such a branch stays unknown until compiling, which says so.
 * @throws GmError of the template: GM1005, GM1006, GM2001, GM2005, GM2008, GM3003, GM3004, GM3007, GM3008.
 */
export function recordTemplate(file: TemplateFile, context: RecordingContext): Recording {
  const recording = recordBoth(context, (scope) => {
    context.templates.render(file, scope, { lineMap: false })
  })
  const known = new Set(recording.inputs.map(keyOf))
  const text = file.span === undefined ? file.text : file.text.slice(0, file.span.end)
  const scanned = scanExecuteCalls(file.file, text)
    .map(scannedInput)
    .filter((input) => !known.has(keyOf(input)))
  return {
    ...recording,
    inputs: [...recording.inputs, ...scanned],
    macros: macroIds(context.templates.macrosUsedBy(file)),
  }
}

/** `model` while parsing: what the file says of itself. What other files say of it is not read yet, and empty. */
function modelOf(
  { kind, name, package: owner, project }: RecordingContext,
  schema: string,
): TemplateObject {
  return new TemplateObject('model', {
    values: {
      name,
      unique_id: nodeId(kind, owner, name),
      resource_type: kind,
      package_name: owner,
      original_file_path: null,
      description: '',
      tags: [],
      meta: {},
      fqn: [],
      columns: {},
      config: defaultConfig(kind),
      version: null,
      batch: null,
      database: project.target.database,
      schema,
      alias: name,
    },
  })
}

/** As `recordTemplate`, for a call of a macro: generic tests are such calls. */
export function recordMacro(
  name: string,
  kwargs: Readonly<Record<string, unknown>>,
  context: RecordingContext,
): Recording {
  const recording = recordBoth(context, (scope) => {
    context.templates.callMacro(name, [], kwargs, scope, { lineMap: false })
  })
  const own = context.templates.findMacro(name)
  const used = context.templates.macrosUsedByMacro(name)
  return { ...recording, macros: macroIds(own === undefined ? used : [own, ...used]) }
}

function macroIds(macros: readonly Macro[]): readonly string[] {
  return macros
    .filter((macro) => !Object.hasOwn(BUILT_IN_MACROS, macro.package))
    .map((macro) => macroId(macro.package, macro.name))
    .sort()
}

function recordBoth(
  context: RecordingContext,
  render: (scope: Scope) => void,
): Omit<Recording, 'macros'> {
  const first = record(context, render, false)
  const inputs = new Map(first.inputs)
  const vars = new Set(first.vars)
  const env = new Set(first.env)
  if (first.askedIncremental) {
    const second = record(context, render, true)
    for (const [key, input] of second.inputs) {
      const before = inputs.get(key)
      const viaChanges = input.viaChanges || before?.viaChanges === true
      const keys = [...(before?.keys ?? []), ...(input.keys ?? [])]
      inputs.set(key, { ...input, viaChanges, ...(keys.length > 0 && { keys }) })
    }
    for (const name of second.vars) vars.add(name)
    for (const name of second.env) env.add(name)
  }
  return { config: first.config, inputs: [...inputs.values()], vars: [...vars], env: [...env] }
}

interface Draft {
  readonly config: InFileConfig[]
  readonly inputs: Map<string, InputCall>
  readonly vars: Set<string>
  readonly env: Set<string>
  askedIncremental: boolean
}

function record(
  context: RecordingContext,
  render: (scope: Scope) => void,
  isIncremental: boolean,
): Draft {
  const draft: Draft = {
    config: [],
    inputs: new Map(),
    vars: new Set(),
    env: new Set(),
    askedIncremental: false,
  }
  const { project, templates } = context
  const shared = sharedScope({
    project,
    templates,
    package: context.package,
    execute: false,
    onVar: (name) => draft.vars.add(name),
    onEnv: (name) => draft.env.add(name),
  })
  const { schema, database } = project.target
  const placeholder = (relation: Relation): TemplateObject => relationObject(relation, database)
  const seen = new Map<unknown, string>()

  const note = (input: InputCall, relation: Relation): TemplateObject => {
    const key = keyOf(input)
    const before = draft.inputs.get(key)
    if (before === undefined) draft.inputs.set(key, input)
    const object = placeholder(relation)
    seen.set(object, key)
    return object
  }
  const scope: Scope = {
    values: {
      ...shared.values,
      this: placeholder({ schema, identifier: context.name }),
      config: configObject((given) => draft.config.push(given), {}),
      model: modelOf(context, schema),
      // The run's own comes with it; a template that prints one must not fail before.
      invocation_id: '',
      graph: NO_GRAPH,
    },
    functions: {
      ...shared.functions,
      ref: (call: Call) => {
        const ref = refArguments(call)
        return note(
          { kind: 'ref', ...ref, at: call.at, viaChanges: false, isOptional: false },
          { schema, identifier: ref.name },
        )
      },
      source: (call: Call) => {
        const source = sourceArguments(call)
        return note(
          { kind: 'source', ...source, at: call.at, viaChanges: false, isOptional: false },
          { schema: source.source, identifier: source.table },
        )
      },
      changes: (call: Call) => {
        const { input } = changesArguments(call)
        const key = seen.get(input)
        const noted = key === undefined ? undefined : draft.inputs.get(key)
        if (key === undefined || noted === undefined) throw notAnInput(call)
        draft.inputs.set(key, { ...noted, viaChanges: true })
        return ''
      },
      changed_keys: (call: Call) => {
        const { input, columns } = changedKeysArguments(call)
        const key = seen.get(input)
        const noted = key === undefined ? undefined : draft.inputs.get(key)
        if (key === undefined || noted === undefined) throw notAnInput(call, 'changed_keys')
        const keys = [...(noted.keys ?? []), columns]
        draft.inputs.set(key, { ...noted, viaChanges: true, keys })
        return ''
      },
      recompute: (call: Call) => {
        recomputeArguments(call)
        return call.caller?.() ?? ''
      },
      is_incremental: () => {
        draft.askedIncremental = true
        return isIncremental
      },
      run_query: () => null,
      statement: () => '',
      load_result: () => null,
      load_relation: () => null,
    },
  }
  try {
    render(withBuiltins(scope))
  } catch (error) {
    // The second rendering only looks for inputs: an error there may come from a query's result that parsing lacks,
    // and compiling reports it when it is real.
    if (!isIncremental) throw error
  }
  return draft
}

/** What `graph` holds while parsing, when no node is known: the same as dbt's. */
const NO_GRAPH = new TemplateObject('graph', {
  values: { nodes: {}, sources: {}, exposures: {}, groups: {}, metrics: {} },
})

/** The scope with `builtins`: what a project's own macro of the name `ref` calls to do the work. */
export function withBuiltins<T extends Scope>(scope: T): T {
  const { ref, source } = scope.functions
  const builtins = new TemplateObject('builtins', {
    values: { config: scope.values['config'] },
    functions: { ...(ref !== undefined && { ref }), ...(source !== undefined && { source }) },
  })
  return { ...scope, values: { ...scope.values, builtins } }
}

/** `ref('x')`, `ref('package', 'x')`, both also with `v=2`. @throws GmError GM2008 wrong arguments. */
export function refArguments(call: Call): Omit<RefCall, 'at'> {
  const { v, version = v, ...kwargs } = call.kwargs
  if (version !== undefined && typeof version !== 'string' && typeof version !== 'number') {
    throw new GmError('GM2008', 'the version of ref() must be a number or a string', {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: "Write ref('x', v=2).",
    })
  }
  const plain = { ...call, kwargs, at: call.at, calledFrom: call.calledFrom }
  const versioned = version === undefined ? {} : { version }
  if (call.args.length > 2) {
    throw new GmError(
      'GM2008',
      `ref() takes a name, or a package and a name, not ${call.args.length} arguments`,
      {
        at: call.at,
        calledFrom: call.calledFrom,
        hint: "Write ref('model') or ref('package', 'model'); a version is v=2.",
      },
    )
  }
  if (call.args.length === 2) {
    const { package: owner = '', name = '' } = textArguments('ref', plain, ['package', 'name'], 2)
    return { name, package: owner, ...versioned }
  }
  const { name = '' } = textArguments('ref', plain, ['name'], 1)
  return { name, ...versioned }
}

/** A ref as it is written, for messages. */
export function writtenRef({ name, package: owner, version }: Omit<RefCall, 'at'>): string {
  const names = owner === undefined ? [name] : [owner, name]
  const quoted = names.map((part) => `'${part}'`)
  if (version !== undefined) {
    quoted.push(`v=${typeof version === 'number' ? version : `'${version}'`}`)
  }
  return `ref(${quoted.join(', ')})`
}

/** `source('s', 't')`. @throws GmError GM2008 wrong arguments. */
export function sourceArguments(call: Call): { source: string; table: string } {
  const { source = '', table = '' } = textArguments('source', call, ['source', 'table'], 2)
  return { source, table }
}

/**
 * `changes(ref('x'))`, `changes(ref('dim'), 'versions')`, `changes(ref('x'), unchecked=true)`.
 * @throws GmError GM2008 wrong arguments.
 */
export function changesArguments(call: Call): {
  input: unknown
  columnsOf?: 'versions'
  isUnchecked: boolean
} {
  const { input, of, unchecked } = callArguments('changes', call, CHANGES_PARAMETERS, 1)
  return {
    input,
    ...versionsOnly('changes', of, call),
    isUnchecked: trueOrFalse('changes', unchecked, call),
  }
}

const CHANGES_PARAMETERS = ['input', 'of', 'unchecked']

/**
 * `changed_keys(ref('x'), 'user_id')`, `changed_keys(ref('dim'), ['id', 'effective_from'], 'versions')`,
 * `changed_keys(ref('x'), 'user_id', unchecked=true)`.
 * @returns the columns in the order of their names.
 * @throws GmError GM2008 wrong arguments.
 */
export function changedKeysArguments(call: Call): {
  input: unknown
  columns: readonly string[]
  columnsOf?: 'versions'
  isUnchecked: boolean
} {
  const { input, columns, of, unchecked } = callArguments('changed_keys', call, KEYS_PARAMETERS, 2)
  return {
    input,
    columns: [...new Set(columnNames('changed_keys', columns, call))].sort(),
    ...versionsOnly('changed_keys', of, call),
    isUnchecked: trueOrFalse('changed_keys', unchecked, call),
  }
}

const KEYS_PARAMETERS = ['input', 'columns', 'of', 'unchecked']

/** `{% call recompute('user_id') %}`. @throws GmError GM2008 wrong arguments, or no call block. */
export function recomputeArguments(call: Call): { columns: readonly string[] } {
  const { columns } = callArguments('recompute', call, ['columns'], 1)
  if (call.caller !== undefined) return { columns: columnNames('recompute', columns, call) }
  throw new GmError('GM2008', 'recompute() needs the query of the keys', {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: "Write {% call recompute('user_id') %} select user_id from … {% endcall %}.",
  })
}

function trueOrFalse(callee: string, unchecked: unknown, call: Call): boolean {
  if (unchecked === undefined || typeof unchecked === 'boolean') return unchecked ?? false
  const columns = callee === 'changes' ? '' : "'id', "
  throw new GmError('GM2008', `"unchecked" of ${callee}() must be true or false`, {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: `Write ${callee}(ref('x'), ${columns}unchecked=true).`,
  })
}

function versionsOnly(callee: string, of: unknown, call: Call): { columnsOf?: 'versions' } {
  if (of === undefined) return {}
  if (of === 'versions') return { columnsOf: of }
  throw new GmError('GM2008', `the last argument of ${callee}() can only be "versions"`, {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: `Write ${callee}(…, 'versions') for a history's new and corrected intervals, or leave it out.`,
  })
}

function columnNames(callee: string, given: unknown, call: Call): readonly string[] {
  const columns: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (columns.length > 0 && columns.every((name) => typeof name === 'string')) return columns
  throw new GmError('GM2008', `${callee}() takes the names of columns`, {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: "Write one name in quotes, or a list of them: ['order_id', 'line'].",
  })
}

/** The error of a `changes()` or `changed_keys()` that was given something else than what ref or source returned. */
export function notAnInput(call: Call, callee = 'changes'): GmError {
  const rest = callee === 'changes' ? '' : ', …'
  return new GmError('GM2008', `${callee}() takes what ref() or source() returns`, {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: `Write ${callee}(ref('x')${rest}) or ${callee}(source('s', 't')${rest}).`,
  })
}

function scannedInput(call: ReturnType<typeof scanExecuteCalls>[number]): InputCall {
  const common = { at: call.at, viaChanges: call.insideChanges, isOptional: !call.isCertain }
  const [first = '', second] = call.args
  if (call.callee === 'source') {
    return { kind: 'source', source: first, table: second ?? '', ...common }
  }
  return second === undefined
    ? { kind: 'ref', name: first, ...common }
    : { kind: 'ref', name: second, package: first, ...common }
}

/** One call, however often a loop runs it or a macro repeats it. */
function keyOf(input: InputCall): string {
  const { file, line, column } = input.at
  const name =
    input.kind === 'ref'
      ? `${input.package ?? ''}.${input.name}.${input.version ?? ''}`
      : `${input.source}.${input.table}`
  return `${input.kind} ${name} ${file}:${line}:${column}`
}
