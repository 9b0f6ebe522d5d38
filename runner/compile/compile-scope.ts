import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Manifest, ModelNode, Node, NodeId, Relation } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { identifier, quoted } from '../manifest/quoted.ts'
import { callArguments } from '../parse/call-arguments.ts'
import { configObject } from '../parse/config-object.ts'
import { dateObject } from '../parse/date-object.ts'
import {
  changedKeysArguments,
  changesArguments,
  notAnInput,
  recomputeArguments,
  refArguments,
  sourceArguments,
  withBuiltins,
  writtenRef,
} from '../parse/record-template.ts'
import { relationObject } from '../parse/relation-object.ts'
import { namesOf, resolveRef, resolveSource } from '../parse/resolve-input.ts'
import { sharedScope } from '../parse/shared-scope.ts'
import { shortenIdentifier } from '../parse/shorten-identifier.ts'
import { textOf } from '../parse/text-of.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { Call, Rendered, Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { adapterFunctions } from './adapter-functions.ts'
import { changesOf } from './changes-of.ts'
import type { BatchContext, CompileState, Recomputed } from './compiled.ts'
import { withinWindow } from './event-window.ts'
import { columnsObject, graphObject } from './graph-object.ts'
import { tellMomentary } from './momentary-values.ts'
import { queryResult } from './query-result.ts'
import { refuseUnlogged } from './refuse-unlogged.ts'
import { trimStatement } from './trim-statement.ts'

/** What compiling one node needs from around it. */
export interface CompileContext {
  readonly manifest: Manifest
  readonly project: Project
  readonly templates: Templates
  readonly state: CompileState
  /** Unit tests: the rows that stand for nodes, as queries. What stands for the model itself is its `this`. */
  readonly fixtures?: ReadonlyMap<NodeId, Rendered>
  /** Unit tests: what macros return in place of running, by `name` or `package.name`. */
  readonly macros?: Readonly<Record<string, unknown>>
}

/** What one rendering used; filled while it goes on. */
export interface Used {
  readonly inputs: Map<NodeId, { viaChanges: boolean }>
  /** The text depends on `is_incremental()` or `changes()`: a full build would give another. */
  isForThisRun: boolean
  readonly recomputed: Recomputed[]
  /** Inputs of which only the rows of the state's window are read, with the column of their time. */
  readonly windowed: Map<NodeId, string>
}

/** Before a rendering. */
export function nothingUsed(): Used {
  return { inputs: new Map(), isForThisRun: false, recomputed: [], windowed: new Map() }
}

/** A CTE's name for an ephemeral node. */
export function cteName(node: Node): string {
  return shortenIdentifier(`__gm__cte__${node.name}`)
}

/** A CTE's name for the rows that a unit test gives for a node. */
export function givenName(node: Node): string {
  if (node.kind === 'source')
    return shortenIdentifier(`__gm__cte__${node.sourceName}__${node.name}`)
  const version = node.kind === 'model' ? node.version : undefined
  return version === undefined
    ? cteName(node)
    : shortenIdentifier(`__gm__cte__${node.name}_v${version}`)
}

/**
 * The names that a node's template reaches while it is compiled.
 * @param node undefined for SQL that belongs to no node, which may read every node.
 * @param printed what ref() and source() print, where it is not the relation's name.
 */
export function compileScope(
  context: CompileContext,
  node: Node | undefined,
  used: Used,
  printed?: string,
): Scope & { readonly refer: (id: NodeId) => TemplateObject } {
  const { manifest, project, templates, state } = context
  const { database } = project.target
  const owner = node?.package ?? project.name
  const names = namesOf(manifest)
  const objects = new Map<unknown, NodeId>()
  const ask = (
    callee: string,
    call: Call,
    sql: string,
  ): ReturnType<NonNullable<typeof state.runQuery>> => {
    if (state.runQuery !== undefined) return state.runQuery(sql)
    throw new GmError('GM3008', `${callee} needs a database, and there is none here`, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: 'Use a command that connects, such as gm compile, or guard the call with a variable.',
    })
  }
  const adapter = adapterFunctions(ask, database)
  const shared = sharedScope({
    project,
    templates,
    package: owner,
    vars: state.vars,
    execute: true,
    isFullRefresh: state.isFullRefresh ?? false,
    adapter,
    ...(state.say !== undefined && { onSay: state.say }),
  })

  const inWindow = (id: NodeId, input: Node, whole: string): string => {
    const column = input.config.event_time
    if (printed !== undefined) return whole
    // The text depends on the window: a full build has another.
    if (state.isEmpty === true) used.isForThisRun = true
    if (state.isEmpty === true) return `(select * from ${whole} where false)`
    if (state.window === undefined || column === undefined) return whole
    used.isForThisRun = true
    used.windowed.set(id, column)
    return withinWindow(whole, column, state.window)
  }
  const refer = (id: NodeId): TemplateObject => {
    if (!used.inputs.has(id)) used.inputs.set(id, { viaChanges: false })
    const input = manifest.nodes.get(id)
    if (input === undefined || !isReadable(input)) throw new Error(`no relation for ${id}`)
    const isGiven = context.fixtures?.has(id) === true
    const relation =
      (isGiven || isEphemeral(input)) && printed === undefined
        ? { schema: '', identifier: isGiven ? givenName(input) : cteName(input) }
        : input.relation
    const whole =
      printed ?? (relation.schema === '' ? identifier(relation.identifier) : quoted(relation))
    const object = relationObject(relation, database, inWindow(id, input, whole), undefined, whole)
    objects.set(object, id)
    return object
  }
  const declared = (id: NodeId, call: Call, written: string): NodeId => {
    if (node === undefined || node.dependsOn.includes(id)) return id
    // Given to a unit test, whose variables may take another branch than those of the project.
    if (context.fixtures?.has(id) === true) return id
    throw new GmError('GM3008', `${written} could not be seen when the project was parsed`, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: `Its name or its condition is only known now. Add the line "-- depends_on: {{ ${written} }}" to ${node.at.file}.`,
    })
  }
  const results = new Map<string, TemplateObject>()

  const scope = withBuiltins({
    refer,
    ...(context.macros !== undefined && { macros: context.macros }),
    values: {
      ...shared.values,
      config: configObject(() => undefined, { ...node?.config }),
      model: node === undefined ? null : modelObject(node, database, state.batch),
      graph: graphObject(manifest),
      ...(node !== undefined && thisOf(node, database, context.fixtures)),
      invocation_id: state.invocationId ?? '',
    },
    functions: {
      ...shared.functions,
      ref: (call) => {
        const ref = refArguments(call)
        const caller = { package: owner, calledFrom: call.calledFrom }
        const id = resolveRef(names, { ...ref, at: call.at }, caller)
        return refer(declared(id, call, writtenRef(ref)))
      },
      source: (call) => {
        const source = sourceArguments(call)
        const caller = { package: owner, calledFrom: call.calledFrom }
        const id = resolveSource(names, { ...source, at: call.at }, caller)
        return refer(declared(id, call, `source('${source.source}', '${source.table}')`))
      },
      changes: (call) => {
        const { input, columnsOf, isUnchecked } = changesArguments(call)
        const id = objects.get(input)
        if (id === undefined) throw notAnInput(call)
        checkChanges(node, call)
        used.isForThisRun = true
        // A part of the input is no place to go on from: it is read like any other, and no mark is moved.
        if (state.isPart === true) return textOf(input)
        return changesOf(id, {
          manifest,
          state,
          columnsOf,
          isUnchecked,
          at: call.at,
          calledFrom: call.calledFrom,
          follow: (table) => used.inputs.set(table, { viaChanges: true }),
          queryOver: (view, name) => queryOver(context, view, name),
        })
      },
      changed_keys: (call) => {
        const { input, columns, columnsOf, isUnchecked } = changedKeysArguments(call)
        const id = objects.get(input)
        if (id === undefined) throw notAnInput(call, 'changed_keys')
        checkChanges(node, call)
        checkKeys(node, manifest.nodes.get(id), columns, call)
        used.inputs.set(id, { viaChanges: true })
        used.isForThisRun = true
        return state.changedKeys(id, relationOf(manifest, id), columns, columnsOf, isUnchecked)
      },
      recompute: (call) => {
        const { columns } = recomputeArguments(call)
        checkChanges(node, call)
        const sql = call.caller?.() ?? ''
        used.recomputed.push({ columns, sql })
        return sql
      },
      is_incremental: () => {
        // An ephemeral input of an incremental model is none itself.
        if (node === undefined || !keepsMarks(node)) return false
        used.isForThisRun = true
        return state.isIncremental
      },
      ...(adapter['load_relation'] !== undefined && { load_relation: adapter['load_relation'] }),
      run_query: (call) => {
        const { sql } = callArguments('run_query', call, ['sql'], 1)
        return queryResult(ask('run_query()', call, textOf(sql)), state.say)
      },
      statement: (call) => {
        const { name = '' } = callArguments(
          'statement',
          call,
          ['name', 'fetch_result', 'auto_begin'],
          0,
        )
        const answer = queryResult(ask('statement', call, call.caller?.() ?? ''), state.say)
        results.set(textOf(name), answer)
        return ''
      },
      load_result: (call) => {
        const { name } = callArguments('load_result', call, ['name'], 1)
        const table = results.get(textOf(name))
        if (table === undefined) {
          throw new GmError('GM3008', `there is no result "${textOf(name)}"`, {
            at: call.at,
            calledFrom: call.calledFrom,
            hint:
              didYouMean(textOf(name), results.keys()) ?? 'Run a {% call statement(…) %} first.',
          })
        }
        return new TemplateObject('result', { values: { table, data: table.values.rows } })
      },
    },
  })
  if (state.onMomentary === undefined) return scope
  return { ...scope, values: tellMomentary(scope.values, state.onMomentary) }
}

/** A view's query, with this name in place of its input's. */
export function queryOver(context: CompileContext, view: ModelNode, name: string): string {
  const used = nothingUsed()
  const file = { file: view.at.file, text: view.rawCode }
  return trimStatement(context.templates.render(file, compileScope(context, view, used, name))).text
}

export function isEphemeral(node: Node): boolean {
  return node.kind === 'model' && node.config.materialized === 'ephemeral'
}

/** @throws Error for an input without a relation: linking lets none through. */
export function relationOf(manifest: Manifest, id: NodeId): Relation {
  const node = manifest.nodes.get(id)
  if (node === undefined || !isReadable(node)) throw new Error(`no relation for ${id}`)
  return node.relation
}

function thisOf(
  node: Node,
  database: string,
  fixtures: CompileContext['fixtures'],
): { this: TemplateObject } | undefined {
  if (!isReadable(node)) return undefined
  const text =
    fixtures !== undefined
      ? identifier(givenName(node))
      : isEphemeral(node)
        ? identifier(cteName(node))
        : quoted(node.relation)
  return { this: relationObject(node.relation, database, text) }
}

function modelObject(node: Node, database: string, batch: CompileState['batch']): TemplateObject {
  const relation = isReadable(node) ? node.relation : undefined
  return new TemplateObject('model', {
    values: {
      name: node.name,
      unique_id: node.id,
      resource_type: node.kind,
      package_name: node.package,
      original_file_path: node.at.file,
      description: node.description,
      tags: node.config.tags,
      meta: node.config.meta,
      fqn: node.fqn,
      columns: columnsObject(node),
      config: { ...node.config },
      version: node.kind === 'model' ? (node.version ?? null) : null,
      database,
      schema: relation?.schema ?? null,
      alias: relation?.identifier ?? null,
      batch: batch === undefined ? null : batchObject(batch),
    },
  })
}

function batchObject({ id, start, end }: BatchContext): TemplateObject {
  const values = { id, event_time_start: dateObject(start), event_time_end: dateObject(end) }
  return new TemplateObject('batch', { values })
}

/** What adds to its table run by run, from what is new in its inputs. */
export function keepsMarks(node: Node): boolean {
  return (
    (node.kind === 'snapshot' && node.config.strategy === 'events') ||
    (node.kind === 'model' && node.config.materialized === 'incremental')
  )
}

/** Its keys are logged for the node from its first build on, so they must have been seen when the project was parsed. */
function checkKeys(
  node: Node | undefined,
  input: Node | undefined,
  columns: readonly string[],
  call: Call,
): void {
  if (node?.kind !== 'model' && node?.kind !== 'snapshot') return
  if (input !== undefined) {
    refuseUnlogged(input, { at: call.at, calledFrom: call.calledFrom })
  }
  const isSeen = node.keysOf.some(
    (of) => of.input === input?.id && of.columns.join() === columns.join(),
  )
  if (isSeen) return
  throw new GmError('GM3008', 'changed_keys() could not be seen when the project was parsed', {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: 'Its arguments or its condition are only known now. Write it with literal names, under no condition but is_incremental().',
  })
}

/** Only what keeps a mark can read what is new to it. */
function checkChanges(node: Node | undefined, call: Call): void {
  if (node !== undefined && keepsMarks(node)) return
  throw new GmError('GM3009', 'changes() works in incremental models and snapshots only', {
    at: call.at,
    calledFrom: call.calledFrom,
    hint:
      node?.kind === 'snapshot'
        ? 'A snapshot that polls compares all rows: read the whole input with ref() or source().'
        : "Set materialized='incremental', or read the whole input with ref() or source().",
  })
}
