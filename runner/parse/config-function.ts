import { GmError } from '../base/error.ts'
import type { Builtin } from '../template/template.ts'
import type { InFileConfig } from './config-levels.ts'
import { plainValue } from './plain-value.ts'

/**
 * `config(materialized='table')` or `config({'materialized': 'table'})`; prints nothing.
 * @param onConfig told of each call, in order.
 */
export function configFunction(onConfig: (given: InFileConfig) => void): Builtin {
  return (call) => {
    const [first, ...others] = call.args.map(plainValue)
    if (others.length > 0 || (first !== undefined && !isMapping(first))) {
      throw new GmError('GM2008', 'config() takes keys with values', {
        at: call.at,
        calledFrom: call.calledFrom,
        hint: "Write config(materialized='table').",
      })
    }
    const values = { ...first, ...(plainValue(call.kwargs) as Record<string, unknown>) }
    onConfig({ values, at: call.at })
    return ''
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
