import { GmError } from '../base/error.ts'
import type { Call } from '../template/template.ts'

/**
 * The arguments of a built-in by name, from positions and keywords.
 * @param names all parameters in order; those from `required` on may be left out.
 * @throws GmError GM2008 for a missing, surplus, doubled or unknown argument.
 */
export function callArguments(
  callee: string,
  call: Call,
  names: readonly string[],
  required: number,
): Readonly<Record<string, unknown>> {
  const signature = names.map((name, i) => (i < required ? name : `[${name}]`)).join(', ')
  const wrong = (message: string): GmError =>
    new GmError('GM2008', message, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint: `Write ${callee}(${signature}).`,
    })
  if (call.args.length > names.length) {
    throw wrong(`${callee}() takes ${names.length} arguments, not ${call.args.length}`)
  }
  const found: Record<string, unknown> = {}
  for (const [i, name] of names.entries()) {
    if (i < call.args.length) found[name] = call.args[i]
  }
  for (const [name, value] of Object.entries(call.kwargs)) {
    if (!names.includes(name)) throw wrong(`${callee}() has no argument "${name}"`)
    if (name in found) throw wrong(`${callee}() is given "${name}" twice`)
    found[name] = value
  }
  for (const name of names.slice(0, required)) {
    if (!(name in found)) throw wrong(`${callee}() needs "${name}"`)
  }
  return found
}

/** As `callArguments`, where every argument must be a string. */
export function textArguments(
  callee: string,
  call: Call,
  names: readonly string[],
  required: number,
): Readonly<Record<string, string>> {
  const found = callArguments(callee, call, names, required)
  for (const [name, value] of Object.entries(found)) {
    if (typeof value !== 'string') {
      throw new GmError('GM2008', `"${name}" of ${callee}() must be a string`, {
        at: call.at,
        calledFrom: call.calledFrom,
        hint: 'Put the name in quotes.',
      })
    }
  }
  return found as Record<string, string>
}
