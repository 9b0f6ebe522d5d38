import type { Code } from './codes.ts'
import { CODES } from './codes.ts'
import type { Location } from './location.ts'
import { formatLocation } from './location.ts'

export interface GmErrorDetails {
  /** Where in the user's own file; left out only where no file of theirs is at fault. */
  readonly at?: Location | undefined
  /** From the place outwards: the calls that led there (`at` inside a macro, callers here). */
  readonly calledFrom?: readonly Location[] | undefined
  /** Lines that show what is wrong, such as the rows that differ: those with `-` and `+` in front are of two sides. */
  readonly table?: readonly string[] | undefined
  /** What to do about it, one sentence. */
  readonly hint?: string | undefined
  readonly cause?: unknown
}

/** The one error class for everything that a user can cause or mend. Anything else thrown is a bug. */
export class GmError extends Error {
  readonly code: Code
  readonly at: Location | undefined
  readonly calledFrom: readonly Location[]
  readonly table: readonly string[]
  readonly hint: string | undefined

  constructor(code: Code, message: string, details: GmErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GmError'
    this.code = code
    this.at = details.at
    this.calledFrom = details.calledFrom ?? []
    this.table = details.table ?? []
    this.hint = details.hint
  }

  /** The short name of the code, such as `unknown ref`. */
  get title(): string {
    return CODES[this.code]
  }

  override toString(): string {
    const place = this.at === undefined ? '' : `${formatLocation(this.at)}  `
    return `${place}${this.code}  ${this.message}`
  }
}

/** Several errors found in one pass; configuration and parsing report all they find at once. */
export class GmErrors extends AggregateError {
  declare readonly errors: GmError[]

  constructor(errors: readonly GmError[]) {
    super(errors, errors.map(String).join('\n'))
    this.name = 'GmErrors'
  }
}

/** Throws nothing for no errors, the error itself for one, `GmErrors` for more. */
export function throwAll(errors: readonly GmError[]): void {
  const [first] = errors
  if (first === undefined) return
  if (errors.length === 1) throw first
  throw new GmErrors(errors)
}

/** The GmErrors inside whatever was thrown, or undefined when it is a bug. */
export function gmErrorsOf(thrown: unknown): readonly GmError[] | undefined {
  if (thrown instanceof GmError) return [thrown]
  if (thrown instanceof GmErrors) return thrown.errors
  return undefined
}
