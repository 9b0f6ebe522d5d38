import { pairsOf } from './methods.ts'
import type { NativeBody } from './native.ts'
import { callNative, native } from './native.ts'
import { charge } from './run.ts'
import type { Dict, Value } from './values.ts'
import { Callable, expectInteger, fail, iterate, keyText, Namespace, Tuple } from './values.ts'

const MAX_RANGE = 1_000_000

/** Functions that every template has, whatever its scope. */
export const GLOBALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  global(
    'range',
    (run, _none, args) => {
      const [first = 0, second, step = 1, ...more] = args.map((arg) =>
        expectInteger(arg, 'the bound of a range'),
      )
      if (more.length > 0) fail('GM2008', 'range() takes at most 3 arguments')
      if (step === 0) fail('GM3008', 'the step of a range cannot be zero')
      const [from, to] = second === undefined ? [0, first] : [first, second]
      const length = Math.max(0, Math.ceil((to - from) / step))
      if (length > MAX_RANGE)
        fail('GM3006', `a range of ${length} items is too long`, `At most ${MAX_RANGE}.`)
      charge(run, length)
      return Array.from({ length }, (_, i) => from + i * step)
    },
    'first, *more',
  ),
  global(
    'dict',
    (run, _none, [other], kwargs) => withNamed(new Map(pairsOf(run, other)), kwargs),
    '*other, **kwargs',
  ),
  global(
    'namespace',
    (run, _none, [other], kwargs) => {
      const values = new Map<string, Value>()
      for (const [key, value] of withNamed(new Map(pairsOf(run, other)), kwargs))
        values.set(keyText(key), value)
      return new Namespace(values)
    },
    '*other, **kwargs',
  ),
  global(
    'zip',
    (run, _none, lists) => {
      const columns = lists.map((list) => iterate(list))
      const length = columns.length === 0 ? 0 : Math.min(...columns.map((column) => column.length))
      charge(run, length * columns.length)
      return Array.from({ length }, (_, i) => new Tuple(columns.map((column) => column[i] ?? null)))
    },
    '*lists',
  ),
])

function global(name: string, apply: NativeBody, signature: string): [string, Callable] {
  const callee = native(signature, apply)
  return [
    name,
    new Callable(name, (run, args, kwargs) => callNative(run, name, callee, null, args, kwargs)),
  ]
}

function withNamed(dict: Dict, kwargs: ReadonlyMap<string, Value>): Dict {
  for (const [key, value] of kwargs) dict.set(key, value)
  return dict
}
