import type { Value } from './values.ts'
import { Callable } from './values.ts'

/** Thrown by `return()`, caught by the macro that it leaves. */
export class Return extends Error {
  readonly value: Value
  constructor(value: Value) {
    super('return() outside of a macro')
    this.value = value
  }
}

/** The function itself, as templates see it. */
export const RETURN = new Callable('return', (_run, args) => {
  const limit = Error.stackTraceLimit
  // Control flow, not a failure: a stack trace would cost more than the macro.
  Error.stackTraceLimit = 0
  const signal = new Return(args[0] ?? null)
  Error.stackTraceLimit = limit
  throw signal
})
