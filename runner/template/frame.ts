import { didYouMean } from '../base/nearest.ts'
import type { Run } from './run.ts'
import type { Value } from './values.ts'
import { or, Undefined } from './values.ts'

/** Variables of one scope: the file, a macro, a loop's turn, a block's body. An `if` has none of its own. */
export interface Frame {
  readonly variables: Map<string, Value>
  readonly parent: Frame | undefined
}

/** A scope without variables of its own. */
export function newFrame(parent?: Frame): Frame {
  return { variables: new Map(), parent }
}

/** A variable of the scope or of those around it, else what the run has by that name; Undefined when there is none. */
export function lookup(run: Run, name: string, frame: Frame): Value {
  for (let scope: Frame | undefined = frame; scope !== undefined; scope = scope.parent) {
    const value = scope.variables.get(name)
    if (value !== undefined) return value
  }
  return or(
    run.lookup(name),
    () =>
      new Undefined(
        `"${name}" is undefined`,
        () =>
          inPackage(name, run) ??
          didYouMean(name, visibleNames(run, frame)) ??
          `Give it a value with {% set ${name} = … %}; a variable of the project is read with var('${name}'), and a text is '${name}' in quotes.`,
      ),
  )
}

/** A package's macro that is called as if it were the project's own. */
function inPackage(name: string, run: Run): string | undefined {
  const found = [...run.names()].find((known) => known.endsWith(`.${name}`))
  return found === undefined ? undefined : `Did you mean "${found}"?`
}

function visibleNames(run: Run, frame: Frame): Set<string> {
  const names = new Set(run.names())
  for (let scope: Frame | undefined = frame; scope !== undefined; scope = scope.parent) {
    for (const name of scope.variables.keys()) names.add(name)
  }
  return names
}
