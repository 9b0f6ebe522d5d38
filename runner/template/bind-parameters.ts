import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { evaluate } from './evaluate.ts'
import type { Frame } from './frame.ts'
import { locate } from './plain-data.ts'
import type { Run } from './run.ts'
import type { Parameter } from './syntax.ts'
import type { Dict, Key, Value } from './values.ts'
import { fail, Tuple, Undefined, unwrap } from './values.ts'

/**
 * Gives a macro's frame its arguments, and the defaults of those not given.
 * @param uses names that the macro's body reads: `varargs`, `kwargs` and `caller` are there for whom they name.
 * @param site where the macro is called.
 * @throws GmError GM2008 for arguments that do not fit, at the call.
 */
export function bindParameters(
  run: Run,
  name: string,
  parameters: readonly Parameter[],
  uses: ReadonlySet<string>,
  args: readonly Value[],
  kwargs: ReadonlyMap<string, Value>,
  frame: Frame,
  site: Run['calls'][number] | undefined,
): void {
  const refuse = (message: string, hint?: string): never => {
    if (site === undefined) return fail('GM2008', message, hint)
    throw new GmError('GM2008', message, {
      at: locate(site),
      calledFrom: run.calls.slice(0, -1).toReversed().map(locate),
      hint,
    })
  }
  const { variables } = frame
  for (const [i, { name: key }] of parameters.entries()) {
    const value = args[i]
    if (value !== undefined && kwargs.has(key))
      refuse(`the argument "${key}" of ${name}() is given twice`)
    const given = value === undefined ? kwargs.get(key) : value
    if (given !== undefined) variables.set(key, given)
  }
  const surplus = args.slice(parameters.length)
  if (uses.has('varargs')) variables.set('varargs', new Tuple(surplus.map(unwrap)))
  else if (surplus.length > 0) {
    refuse(
      `${name}() takes at most ${parameters.length} argument${parameters.length === 1 ? '' : 's'}, ${args.length} given`,
    )
  }
  const names = parameters.map((p) => p.name)
  const open: Dict = new Map<Key, Value>()
  for (const [key, value] of kwargs) {
    if (names.includes(key)) continue
    if (key === 'caller') {
      if (!uses.has('caller'))
        refuse(`${name}() does not call caller(), so {% call %} has no use for it`)
      variables.set('caller', value)
    } else if (uses.has('kwargs')) open.set(key, unwrap(value))
    else refuse(`${name}() has no argument "${key}"`, didYouMean(key, names))
  }
  if (uses.has('kwargs')) variables.set('kwargs', open)
  if (uses.has('caller') && !variables.has('caller')) {
    variables.set(
      'caller',
      new Undefined(`${name}() is not called with {% call %}, so it has no caller`),
    )
  }
  // Defaults see the parameters before them, as in Jinja2.
  for (const { name: key, value } of parameters) {
    if (variables.has(key)) continue
    variables.set(
      key,
      value === undefined
        ? new Undefined(`the argument "${key}" of ${name}() is not given`)
        : evaluate(run, value, frame),
    )
  }
}
