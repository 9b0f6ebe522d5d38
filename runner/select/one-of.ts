import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'

/** @throws GmError GM3002 for a value that is none of those possible. */
export function oneOf(value: string, possible: readonly string[]): void {
  if (possible.includes(value)) return
  throw new GmError('GM3002', `"${value}" is not one of ${possible.join(', ')}`, {
    hint: didYouMean(value, possible),
  })
}
