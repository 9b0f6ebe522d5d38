import type { Location } from '../base/location.ts'
import type { Path, PlaceOf } from '../project/explain-issues.ts'
import type { Arguments, CallExpr, Expr, Syntax } from './syntax.ts'

interface Part {
  /** Where its key stands; where it begins itself for an item of a list. */
  readonly start: number
  readonly value: Expr
}

/**
 * Where the arguments of a call stand, and what is written inside of them: what a name or `**` hands over is placed where it
 * is handed over. Looked for in the tree again, because places are asked for only when something is wrong.
 * @param locate the place of an offset in the text.
 */
export function argumentPlaces(
  syntax: Syntax,
  call: Location,
  locate: (start: number) => Location,
): PlaceOf {
  const isCall = ({ start }: CallExpr): boolean => {
    const { line, column } = locate(start)
    return line === call.line && column === call.column
  }
  const found = callsIn(syntax.body).find(isCall) ?? callsIn(syntax.macros).find(isCall)
  return (path, part = 'key') => {
    const known = found === undefined ? undefined : partAt(found.args, path)
    if (known === undefined) return call
    return locate(part === 'key' ? known.start : known.value.start)
  }
}

/** The innermost part that a path leads to; undefined where not even its first key is written. */
function partAt(args: Arguments, [first, ...rest]: Path): Part | undefined {
  const given = [args.positional[0], args.restNamed].find((one) => one !== undefined)
  let part =
    args.named.find(({ name }) => name === first) ??
    (given === undefined || first === undefined
      ? undefined
      : (partOf(given, first) ?? { start: given.start, value: given }))
  for (const key of rest) part = (part && partOf(part.value, key)) ?? part
  return part
}

function partOf(value: Expr, key: string | number): Part | undefined {
  if (value.kind === 'list' || value.kind === 'tuple') {
    const item = typeof key === 'number' ? value.items[key] : undefined
    return item && { start: item.start, value: item }
  }
  if (value.kind !== 'dict') return undefined
  const pair = value.pairs.find(([name]) => name.kind === 'const' && name.value === key)
  return pair && { start: pair[0].start, value: pair[1] }
}

/** Every call in a piece of the tree, however deep. */
function callsIn(tree: unknown): CallExpr[] {
  if (typeof tree !== 'object' || tree === null) return []
  const inside = Object.values(tree).flatMap(callsIn)
  return 'kind' in tree && tree.kind === 'call' ? [tree as CallExpr, ...inside] : inside
}
