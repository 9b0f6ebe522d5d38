import { GmError } from '../base/error.ts'
import type { Call } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'
import type { InFileConfig } from './config-levels.ts'
import { plainValue } from './plain-value.ts'

/**
 * `config` in templates: `config(materialized='table')` gives configuration and prints nothing,
 * `config.get('key', default)` and `config.require('key')` read it.
 * @param onConfig told of each call, in order.
 * @param known what `get` finds; nothing while parsing, when the levels are not merged yet.
 */
export function configObject(
  onConfig: (given: InFileConfig) => void,
  known: Readonly<Record<string, unknown>>,
): TemplateObject {
  return new TemplateObject('config', {
    call: (call) => {
      onConfig({ values: givenValues(call), at: call.at })
      return ''
    },
    functions: {
      get: (call) => {
        const { name, default: fallback = null } = callArguments(
          'config.get',
          call,
          ['name', 'default', 'validator'],
          1,
        )
        return valueOf(known, name) ?? fallback
      },
      require: (call) => {
        const { name } = callArguments('config.require', call, ['name', 'validator'], 1)
        const value = valueOf(known, name)
        if (value !== undefined) return value
        throw new GmError('GM3009', `this node needs the configuration "${String(name)}"`, {
          at: call.at,
          calledFrom: call.calledFrom,
          hint: `Set it with config(${String(name)}=…), in the properties YAML, or in project.yml.`,
        })
      },
    },
  })
}

function valueOf(known: Readonly<Record<string, unknown>>, name: unknown): unknown {
  return typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined
}

function givenValues(call: Call): Record<string, unknown> {
  const [first, ...others] = call.args.map(plainValue)
  if (others.length > 0 || (first !== undefined && !isMapping(first))) {
    throw new GmError('GM2008', 'config() takes keys with values', {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: "Write config(materialized='table').",
    })
  }
  return { ...first, ...(plainValue(call.kwargs) as Record<string, unknown>) }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
