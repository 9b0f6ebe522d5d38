import { didYouMean } from '../base/nearest.ts'
import { FILTERS } from './filters.ts'
import { IS_TESTS } from './is-tests.ts'
import { LIST_METHODS, STRING_METHODS, TUPLE_METHODS } from './methods.ts'
import type { Expr } from './syntax.ts'

/** A name that nothing has, and the nearest one that something has. */
export interface UnknownName {
  readonly message: string
  readonly hint: string | undefined
}

/** Whether a filter or a test is one of gm's: undefined, or what is wrong. */
export function checkName(kind: 'filter' | 'test', name: string): UnknownName | undefined {
  const table: ReadonlyMap<string, unknown> = kind === 'filter' ? FILTERS : IS_TESTS
  if (table.has(name)) return undefined
  return { message: `there is no ${kind} "${name}"`, hint: didYouMean(name, table.keys()) }
}

/** The same for a method that is called of something whose type the text shows; of other things only rendering knows it. */
export function checkMethod(target: Expr, name: string): UnknownName | undefined {
  const found = methodsOf(target)
  if (found === undefined || found.methods.has(name)) return undefined
  return {
    message: `${found.type} has no method "${name}"`,
    hint: didYouMean(name, found.methods.keys()),
  }
}

function methodsOf(
  target: Expr,
): { readonly type: string; readonly methods: ReadonlyMap<string, unknown> } | undefined {
  switch (target.kind) {
    case 'const':
      return typeof target.value === 'string'
        ? { type: 'a string', methods: STRING_METHODS }
        : undefined
    case 'concat':
      return { type: 'a string', methods: STRING_METHODS }
    case 'list':
      return { type: 'a list', methods: LIST_METHODS }
    case 'tuple':
      return { type: 'a tuple', methods: TUPLE_METHODS }
    default:
      return undefined
  }
}
