import { didYouMean } from '../base/nearest.ts'
import type { Run } from './run.ts'
import type { Value } from './values.ts'
import { fail, unwrap } from './values.ts'

/** A filter, test, method or global function of templates, written in TypeScript. */
export interface Native {
  readonly parameters: readonly { readonly name: string; readonly value: Value | undefined }[]
  /** Takes any number of further positional arguments. */
  readonly isVariadic: boolean
  /** Takes any named arguments. */
  readonly isOpen: boolean
  readonly apply: NativeBody
}

export type NativeBody = (
  run: Run,
  subject: Value,
  /** One value for each parameter, then the variadic ones. */
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
) => Value

/**
 * @param signature as in Python: `old, new, count=None`, `*args`, `**kwargs`; defaults are None, True, False, integers
 *   and strings without commas.
 */
export function native(signature: string, apply: NativeBody): Native {
  const parameters: { name: string; value: Value | undefined }[] = []
  let isVariadic = false
  let isOpen = false
  for (const part of signature === '' ? [] : signature.split(/, (?!')/)) {
    const [name = '', value] = part.split('=')
    if (name.startsWith('**')) isOpen = true
    else if (name.startsWith('*')) isVariadic = true
    else parameters.push({ name, value: value === undefined ? undefined : constant(value) })
  }
  return { parameters, isVariadic, isOpen, apply }
}

function constant(text: string): Value {
  if (text === 'None') return null
  if (text === 'True' || text === 'False') return text === 'True'
  return text.startsWith("'") ? text.slice(1, -1) : Number(text)
}

/** Calls with Python's rules for arguments. @throws GmError GM2008 wrong arguments. */
export function callNative(
  run: Run,
  name: string,
  callee: Native,
  subject: Value,
  positional: readonly Value[],
  named: ReadonlyMap<string, Value>,
): Value {
  const { parameters } = callee
  if (positional.length > parameters.length && !callee.isVariadic) {
    fail(
      'GM2008',
      `${name}() takes at most ${parameters.length} argument${parameters.length === 1 ? '' : 's'}, ${positional.length} given`,
    )
  }
  if (!callee.isOpen) {
    for (const key of named.keys()) {
      const index = parameters.findIndex((p) => p.name === key)
      if (index === -1) {
        fail(
          'GM2008',
          `${name}() has no argument "${key}"`,
          didYouMean(
            key,
            parameters.map((p) => p.name),
          ),
        )
      }
      if (index < positional.length)
        fail('GM2008', `the argument "${key}" of ${name}() is given twice`)
    }
  }
  const args = parameters.map((parameter, i) => {
    // Not `??`: null is Python's None, which is an argument like any other.
    let value = i < positional.length ? positional[i] : named.get(parameter.name)
    if (value === undefined) value = parameter.value
    return value === undefined
      ? fail('GM2008', `${name}() needs the argument "${parameter.name}"`)
      : unwrap(value)
  })
  for (const value of positional.slice(parameters.length)) args.push(unwrap(value))
  return callee.apply(run, subject, args, named)
}
