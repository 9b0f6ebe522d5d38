import type { Limits, MarkSource, Output, Run } from './values.ts'
import { fail } from './values.ts'

// A Run holds values, and calling a value takes a Run: the types stand together in values.ts.
export type { Limits, Output, Run, Site } from './values.ts'

export const DEFAULT_LIMITS: Limits = { maxChars: 64_000_000, maxSteps: 20_000_000, maxMs: 10_000 }

/** How deep macros may call each other. Each level takes about a dozen frames of the JavaScript stack. */
const MAX_CALLS = 200

/** Counts work. @throws GmError GM3006 when the run's share is used up. */
export function charge(run: Run, steps: number): void {
  run.steps += steps
  if (run.steps < run.clockAt) return
  run.clockAt = run.steps + 2048
  if (run.steps > run.limits.maxSteps) {
    fail(
      'GM3006',
      `the template took more than ${run.limits.maxSteps} steps`,
      'Look for a loop that grows.',
    )
  }
  if (run.now() > run.deadline) {
    fail(
      'GM3006',
      `the template took longer than ${run.limits.maxMs} ms`,
      'Look for a loop that grows.',
    )
  }
}

/**
 * To be asked before a string of this length is made.
 * @param fresh characters that take memory of their own: joining two strings copies neither.
 * @throws GmError GM3006
 */
export function chargeString(run: Run, length: number, fresh = length): void {
  run.made += fresh
  if (length > run.limits.maxChars || run.made > 4 * run.limits.maxChars) {
    fail(
      'GM3006',
      `the template makes texts of more than ${run.limits.maxChars} characters`,
      'Look for a loop that grows, or a text that is joined to itself.',
    )
  }
  charge(run, length >>> 8)
}

/** Appends to the output. `mark` is left out where `text` has marks of its own, or none is wanted. */
export function write(run: Run, text: string): void {
  run.written += text.length
  if (run.written > run.limits.maxChars) {
    fail(
      'GM3006',
      `the template writes more than ${run.limits.maxChars} characters`,
      'Look for a loop that ends later than you meant. Many rows belong in a seed or a table, and a query reads them from there.',
    )
  }
  run.out.text += text
}

/** Runs `body` with an output of its own and gives what it wrote. */
export function capture(run: Run, body: () => void): Output {
  const outer = run.out
  const inner: Output = { text: '', marks: outer.marks === undefined ? undefined : [] }
  run.out = inner
  try {
    body()
  } finally {
    run.out = outer
  }
  return inner
}

/** Notes a call from the current position, runs `body`, and comes back to it. */
export function enterCall<T>(run: Run, source: MarkSource, body: () => T): T {
  if (run.calls.length >= MAX_CALLS) {
    fail(
      'GM3006',
      `macros call each other more than ${MAX_CALLS} levels deep`,
      'Does a macro call itself without end?',
    )
  }
  const site = { source: run.source, start: run.position }
  run.calls.push(site)
  run.source = source
  const result = body()
  run.calls.pop()
  run.source = site.source
  run.position = site.start
  return result
}
