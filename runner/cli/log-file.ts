import { closeSync, mkdirSync, openSync, readdirSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { GmError } from '../base/error.ts'
import type { RunEvent } from '../run/event.ts'
import { logLines } from './render/log-lines.ts'

const LOG_NAME = /^gm_(\d{4})(\d{2})(\d{2})_(\d{2})(\d{2})(\d{2})_[\w-]+\.log$/

/** `gm_20261121_101627_1a2b3c.log`, in UTC. */
export function logFileName(runId: string, at: Date): string {
  const digits = at.toISOString().replace(/\D/g, '')
  return `gm_${digits.slice(0, 8)}_${digits.slice(8, 14)}_${runId.replace(/[^\w-]/g, '')}.log`
}

/** Those of the names that are logs of runs and older than so many days. Other files are never chosen. */
export function expiredLogs(names: readonly string[], now: Date, retentionDays: number): string[] {
  const oldest = now.getTime() - retentionDays * 86_400_000
  return names.filter((name) => {
    const [, year, month, day, hour, minute, second] = LOG_NAME.exec(name) ?? []
    if (year === undefined) return false
    const at = Date.UTC(
      +year,
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    )
    return at < oldest
  })
}

/** The log of one run, opened by its first event. Close it when the run is over. */
export class LogFile {
  /** Absolute path; undefined until the run has started. */
  path: string | undefined
  #fd: number | undefined
  #stepCount = 0
  readonly #folder: string
  readonly #retentionDays: number
  readonly #safe: (text: string) => string

  constructor(folder: string, retentionDays: number, safe: (text: string) => string) {
    this.#folder = folder
    this.#retentionDays = retentionDays
    this.#safe = safe
  }

  /** @throws GmError GM1009 when the folder cannot be written. */
  write(event: RunEvent, now: Date): void {
    if (event.type === 'run-start') {
      this.#stepCount = event.stepCount
      this.#open(event.runId, event.at)
    }
    if (this.#fd === undefined) return
    for (const line of logLines(event, now, this.#stepCount)) {
      writeSync(this.#fd, `${this.#safe(line)}\n`)
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #open(runId: string, at: Date): void {
    try {
      mkdirSync(this.#folder, { recursive: true })
      for (const name of expiredLogs(readdirSync(this.#folder), at, this.#retentionDays)) {
        unlinkSync(join(this.#folder, name))
      }
      this.path = join(this.#folder, logFileName(runId, at))
      this.#fd = openSync(this.path, 'a')
    } catch (cause) {
      throw new GmError('GM1009', `the log of the run cannot be written in ${this.#folder}`, {
        hint: 'Make the folder writable, or set log-path in project.yml to another one.',
        cause,
      })
    }
  }
}
