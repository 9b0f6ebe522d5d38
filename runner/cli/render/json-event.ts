import { inspect } from 'node:util'
import type { GmError } from '../../base/error.ts'
import { formatLocation } from '../../base/location.ts'
import type { RunEvent, StepResult } from '../../run/event.ts'
import { REPORT_IT } from './error.ts'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'none'

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, none: 4 }

/** Whether something of `level` shows when the user asked for `wanted`. */
export function showsAt(level: LogLevel, wanted: LogLevel): boolean {
  return wanted !== 'none' && RANK[level] >= RANK[wanted]
}

/** How loud an event is. */
export function levelOf(event: RunEvent): LogLevel {
  switch (event.type) {
    case 'sql':
      return 'debug'
    case 'step-note':
      return 'warn'
    case 'log':
      return event.level
    case 'batch-end':
      return event.result.status === 'error' ? 'error' : 'info'
    case 'step-end':
      return resultLevel(event.result)
    case 'run-start':
    case 'step-start':
    case 'run-end':
      return 'info'
  }
}

/** One line of NDJSON for an event, with its time and level; no newline at the end. */
export function jsonEvent(event: RunEvent, now: Date): string {
  return JSON.stringify({ time: now.toISOString(), level: levelOf(event), ...fields(event) })
}

/** One line of NDJSON for an error or a warning that is not part of a run. */
export function jsonError(error: GmError, level: 'error' | 'warn', now: Date): string {
  return JSON.stringify({ time: now.toISOString(), level, type: 'error', ...errorFields(error) })
}

/** The same for what is no error of a user's: a bug of gm, with all that helps to find it. */
export function jsonBug(thrown: unknown, now: Date): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const fields = { message, stack: inspect(thrown), hint: REPORT_IT }
  return JSON.stringify({ time: now.toISOString(), level: 'error', type: 'bug', ...fields })
}

function resultLevel(result: StepResult): LogLevel {
  if (['error', 'fail', 'partial success'].includes(result.status)) return 'error'
  return ['success', 'reused', 'pass'].includes(result.status) ? 'info' : 'warn'
}

function fields(event: RunEvent): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case 'batch-end': {
      const { result, ...rest } = event
      return { ...rest, ...withError(result) }
    }
    case 'step-end':
      return { type: event.type, ...resultFields(event.result) }
    case 'run-end': {
      const { steps, ...rest } = event.result
      return { type: event.type, ...rest, steps: steps.map(resultFields) }
    }
    case 'run-start':
    case 'step-start':
    case 'step-note':
    case 'log':
    case 'sql':
      return event
  }
}

function resultFields(result: StepResult): Readonly<Record<string, unknown>> {
  const { batches, ...step } = result
  return {
    ...withError(step),
    ...(batches !== undefined && { batches: batches.map((batch) => withError(batch)) }),
  }
}

function withError({
  error,
  ...rest
}: {
  readonly error?: GmError
}): Readonly<Record<string, unknown>> {
  return error === undefined ? rest : { ...rest, error: errorFields(error) }
}

function errorFields(error: GmError): Readonly<Record<string, unknown>> {
  return {
    code: error.code,
    message: error.message,
    ...(error.at === undefined ? {} : { at: formatLocation(error.at) }),
    ...(error.calledFrom.length === 0
      ? {}
      : { called_from: error.calledFrom.map((at) => formatLocation(at)) }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  }
}
