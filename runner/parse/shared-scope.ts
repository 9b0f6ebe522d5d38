import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { identifier } from '../manifest/quoted.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { Builtin, Call, Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { apiObject } from './api-object.ts'
import { callArguments } from './call-arguments.ts'
import { dateObject } from './date-object.ts'
import { DBT_FUNCTIONS } from './dbt-functions.ts'
import { envFunction } from './env-function.ts'
import { modulesObject } from './modules-object.ts'
import { textOf } from './text-of.ts'
import { varValue } from './var-value.ts'
import { varsIn } from './vars-in.ts'

/** What the parts of a scope that parsing and compiling share need to be told. */
export interface SharedScopeOptions {
  readonly project: Project
  /** Whose files are rendered: the project's name or that of a package. */
  readonly package: string
  /** Variables given for this run alone; they come before the project's. */
  readonly vars?: Readonly<Record<string, unknown>>
  readonly execute: boolean
  readonly isFullRefresh?: boolean
  /** Members of `adapter` that ask the database. */
  readonly adapter?: Readonly<Record<string, Builtin>>
  readonly templates: Templates
  /** Told of each variable read, found or not. */
  readonly onVar?: (name: string) => void
  readonly onEnv?: (name: string) => void
  readonly onSay?: (said: Said) => void
}

/** What a template says to the person: with `log(…, info=true)`, `exceptions.warn(…)` or `print(…)`. */
export interface Said {
  readonly how: 'info' | 'warn' | 'print'
  readonly message: string
  readonly at: Location
  readonly calledFrom: readonly Location[]
}

/**
 * The names that mean the same while parsing and compiling. `target` holds nothing that opens a connection:
 * a template could write it into a comment of a table.
 */
export function sharedScope(options: SharedScopeOptions): Scope {
  const { project, execute } = options
  const { name, schema, database } = project.target
  const target = new TemplateObject('target', {
    values: {
      name,
      target_name: name,
      profile_name: project.name,
      schema,
      database,
      dbname: database,
      type: 'postgres',
      threads: project.threads,
    },
  })
  return {
    values: {
      execute,
      target,
      project_name: project.name,
      schema,
      database,
      exceptions: exceptionsObject(options),
      adapter: adapterObject(options),
      api: apiObject(database),
      dbt_version: DBT_VERSION,
      ...moments(),
      flags: flagsObject(options),
      var: varValue({ ...varsIn(project, options.package), ...options.vars }, options.onVar),
    },
    functions: {
      ...DBT_FUNCTIONS,
      env_var: envFunction(project, options.onEnv),
      print: printFunction(options),
      log: logFunction(options),
    },
  }
}

/** The dbt whose templates gm reads. */
const DBT_VERSION = '1.11.0'

/** One moment for all templates of a run. */
const STARTED = new Date(performance.timeOrigin)

/** Made once, when first asked for: a scope is made for each of thousands of nodes. */
let made: Scope['values'] | undefined
function moments(): Scope['values'] {
  made ??= { run_started_at: dateObject(STARTED), modules: modulesObject(STARTED) }
  return made
}

/** dbt's flags that a template can have a use for. */
function flagsObject({ isFullRefresh = false, execute }: SharedScopeOptions): TemplateObject {
  return new TemplateObject('flags', {
    values: {
      FULL_REFRESH: isFullRefresh,
      WHICH: execute ? 'run' : 'parse',
      STORE_FAILURES: false,
    },
  })
}

function printFunction({ onSay }: SharedScopeOptions): Builtin {
  return (call) => {
    onSay?.(said('print', call, callArguments('print', call, ['message'], 1)['message']))
    return ''
  }
}

function said(how: Said['how'], { at, calledFrom }: Call, message: unknown): Said {
  return { how, message: textOf(message), at, calledFrom }
}

/** What dbt-postgres looks for, in this order. */
const PREFIXES = ['postgres', 'default']

/**
 * `adapter.dispatch('name', 'package')` gives the macro `postgres__name`, else `default__name`: of the packages that
 * `dispatch:` of the project file lists, else of the project, else of the package itself.
 */
function dispatchFunction({ templates, project }: SharedScopeOptions): Builtin {
  return (call) => {
    const found = callArguments(
      'adapter.dispatch',
      call,
      ['macro_name', 'macro_namespace', 'packages'],
      1,
    )
    const name = textOf(found['macro_name'])
    const namespace = found['macro_namespace']
    const owners =
      typeof namespace === 'string'
        ? (project.dispatch[namespace] ?? [project.name, namespace])
        : [undefined]
    const candidates = owners.flatMap((owner) =>
      PREFIXES.map((prefix) => `${owner === undefined ? '' : `${owner}.`}${prefix}__${name}`),
    )
    const macro = candidates.find((one) => templates.findMacro(one, call.package) !== undefined)
    if (macro !== undefined) return templates.macroValue(macro, call.package)
    throw new GmError('GM2005', `no macro implements "${name}"`, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: `Write a macro ${candidates.join(' or ')}.`,
    })
  }
}

/** What `adapter` says while parsing, when no database is there: the same as dbt's. */
const NOTHING_KNOWN: Readonly<Record<string, Builtin>> = {
  get_relation: () => null,
  load_relation: () => null,
  get_columns_in_relation: () => [],
  check_schema_exists: () => false,
}

function adapterObject(options: SharedScopeOptions): TemplateObject {
  return new TemplateObject('adapter', {
    functions: {
      ...NOTHING_KNOWN,
      ...options.adapter,
      dispatch: dispatchFunction(options),
      type: () => 'postgres',
      quote: (call) => identifier(textOf(callArguments('adapter.quote', call, ['name'], 1).name)),
    },
  })
}

function logFunction({ onSay }: SharedScopeOptions): Builtin {
  return (call) => {
    const { message, info } = callArguments('log', call, ['message', 'info'], 1)
    if (info === true) onSay?.(said('info', call, message))
    return ''
  }
}

/** The words are the project's; gm can only say whose they are. */
function raised({ at, calledFrom }: Call, message: unknown): GmError {
  return new GmError('GM3007', textOf(message), {
    at,
    calledFrom,
    hint: 'The code at this place checks something and raised this error: mend what it says, or the check.',
  })
}

function exceptionsObject({ onSay }: SharedScopeOptions): TemplateObject {
  return new TemplateObject('exceptions', {
    functions: {
      raise_compiler_error: (call) => {
        const { message } = callArguments('raise_compiler_error', call, ['message'], 1)
        throw raised(call, message)
      },
      raise_not_implemented: (call) => {
        const { message } = callArguments('raise_not_implemented', call, ['message'], 1)
        throw raised(call, message)
      },
      warn: (call) => {
        const { message } = callArguments('warn', call, ['message'], 1)
        onSay?.(said('warn', call, message))
        return ''
      },
    },
  })
}
