import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { identifier } from '../manifest/quoted.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { Builtin, Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments, textArguments } from './call-arguments.ts'

/** What the parts of a scope that parsing and compiling share need to be told. */
export interface SharedScopeOptions {
  readonly project: Project
  /** Variables given for this run alone; they come before the project's. */
  readonly vars?: Readonly<Record<string, unknown>>
  readonly execute: boolean
  readonly templates: Templates
  /** Told of each variable read, found or not. */
  readonly onVar?: (name: string) => void
  readonly onEnv?: (name: string) => void
  readonly onLog?: (level: 'info' | 'warn', message: string) => void
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
    },
    functions: {
      var: varFunction(options),
      env_var: envFunction(options),
      log: logFunction(options),
    },
  }
}

/** `adapter.dispatch('name')` gives the macro `postgres__name`, else `default__name`. */
function adapterObject({ templates }: SharedScopeOptions): TemplateObject {
  return new TemplateObject('adapter', {
    functions: {
      dispatch: (call) => {
        const found = callArguments('adapter.dispatch', call, ['name', 'package'], 1)
        const name = textOf(found.name)
        const prefix = typeof found.package === 'string' ? `${found.package}.` : ''
        const candidates = [`${prefix}postgres__${name}`, `${prefix}default__${name}`]
        const macro = candidates.find((candidate) => templates.findMacro(candidate) !== undefined)
        if (macro !== undefined) return templates.macroValue(macro)
        throw new GmError('GM2005', `no macro implements "${name}"`, {
          at: call.at,
          calledFrom: call.calledFrom,
          hint: `Write a macro ${candidates.join(' or ')}.`,
        })
      },
      quote: (call) => identifier(textOf(callArguments('adapter.quote', call, ['name'], 1).name)),
    },
  })
}

function varFunction({ project, vars = {}, onVar }: SharedScopeOptions): Builtin {
  return (call) => {
    const found = callArguments('var', call, ['name', 'default'], 1)
    const name = String(found.name)
    onVar?.(name)
    if (Object.hasOwn(vars, name)) return vars[name]
    if (Object.hasOwn(project.vars, name)) return project.vars[name]
    if ('default' in found) return found.default
    const known = [...Object.keys(project.vars), ...Object.keys(vars)]
    throw new GmError('GM3003', `the variable "${name}" has no value`, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint:
        didYouMean(name, known) ??
        `Set it under vars: in project.yml or with --vars, or write var('${name}', a default).`,
    })
  }
}

function envFunction({ project, onEnv }: SharedScopeOptions): Builtin {
  return (call) => {
    const { name = '', default: fallback } = textArguments('env_var', call, ['name', 'default'], 1)
    onEnv?.(name)
    const place = { at: call.at, calledFrom: call.calledFrom }
    if (!project.envAllowed.has(name)) {
      throw new GmError('GM1006', `templates may not read the environment variable "${name}"`, {
        ...place,
        hint:
          didYouMean(name, project.envAllowed) ??
          `Add ${name} to env: in project.yml if it holds no secret.`,
      })
    }
    const value = project.env.get(name) ?? fallback
    if (value !== undefined) return value
    throw new GmError('GM1005', `the environment variable "${name}" is not set`, {
      ...place,
      hint: `Set ${name} in the environment or in .env, or write env_var('${name}', 'a default').`,
    })
  }
}

function logFunction({ onLog }: SharedScopeOptions): Builtin {
  return (call) => {
    const { message, info } = callArguments('log', call, ['message', 'info'], 1)
    if (info === true) onLog?.('info', textOf(message))
    return ''
  }
}

function exceptionsObject({ onLog }: SharedScopeOptions): TemplateObject {
  return new TemplateObject('exceptions', {
    functions: {
      raise_compiler_error: (call) => {
        const { message } = callArguments('raise_compiler_error', call, ['message'], 1)
        throw new GmError('GM3007', textOf(message), { at: call.at, calledFrom: call.calledFrom })
      },
      warn: (call) => {
        const { message } = callArguments('warn', call, ['message'], 1)
        onLog?.('warn', textOf(message))
        return ''
      },
    },
  })
}

/** What a template's value looks like in a message. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof TemplateObject) return value.text ?? value.type
  return JSON.stringify(value ?? null)
}
