import type { Scope } from '../template/template.ts'

/** What every run has anew: its time, all that comes of the clock, and its id. */
const MOMENTARY = ['run_started_at', 'modules', 'invocation_id']

/** The values of a scope, where reading one of those that another run has others of is told. */
export function tellMomentary(values: Scope['values'], tell: () => void): Scope['values'] {
  const told = { ...values }
  for (const name of MOMENTARY) {
    const value = values[name]
    const get = (): unknown => {
      tell()
      return value
    }
    Object.defineProperty(told, name, { enumerable: true, get })
  }
  return told
}
