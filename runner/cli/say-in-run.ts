import { ruleFor } from '../base/warnings.ts'
import type { Said } from '../parse/shared-scope.ts'
import type { RunEvent } from '../run/event.ts'
import type { GlobalFlags } from './flags.ts'
import { warningOf } from './say-to.ts'
import { warningRules } from './warning-flags.ts'

/**
 * Makes events of what templates say in a run: once each, however often a node is planned, and after the run's first
 * event, because planning comes before it.
 *
 * @returns `emit`, which must be given the run's events, and `say`, which throws a warning that the flags make an error.
 */
export function sayInRun(
  flags: GlobalFlags,
  pass: (event: RunEvent) => void,
): { readonly emit: (event: RunEvent) => void; readonly say: (said: Said) => void } {
  const rules = warningRules(flags)
  const known = new Set<string>()
  let early: RunEvent[] | undefined = []
  return {
    emit: (event) => {
      pass(event)
      if (event.type !== 'run-start' || early === undefined) return
      for (const waiting of early) pass(waiting)
      early = undefined
    },
    say: (said) => {
      const { how, message, at } = said
      if (how === 'print' && !flags.print) return
      const rule = how === 'warn' ? ruleFor('GM3007', rules) : 'warn'
      if (rule === 'error') throw warningOf(said)
      const key = JSON.stringify([how, message, at, said.calledFrom])
      if (rule === 'silence' || known.has(key)) return
      known.add(key)
      const event: RunEvent = {
        type: 'log',
        level: how === 'warn' ? 'warn' : 'info',
        message: how === 'warn' ? String(warningOf(said)) : message,
        ...(how === 'print' && { isPrinted: true }),
      }
      if (early === undefined) pass(event)
      else early.push(event)
    },
  }
}
