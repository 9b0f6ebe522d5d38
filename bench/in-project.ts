import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeProject } from './generate-project.ts'
import type { Pair } from './measure.ts'
import { median } from './measure.ts'
import { GM, inScratch } from './scratch.ts'

/** A project on an embedded server of its own. */
export interface Project {
  readonly folder: string
  readonly url: string
  readonly gm: (...args: string[]) => string
  /** Runs SQL, stopping at the first error; gives bare values. */
  readonly psql: (sql: string) => string
  /** The command line of psql that runs more arguments as `psql` here does. */
  readonly psqlArgv: (...args: string[]) => readonly string[]
}

/** Writes a project, starts its server, and takes both away when the work is done. */
export async function inProject<T>(
  files: ReadonlyMap<string, string>,
  work: (project: Project) => Promise<T>,
): Promise<T> {
  return await inScratch(async (folder) => {
    writeProject(folder, files)
    const gm = (...args: string[]): string =>
      execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 })
    try {
      gm('db', 'start')
      const url = gm('db', 'url').trim()
      const psqlArgv = (...args: string[]): readonly string[] => [
        'psql',
        url,
        '-X',
        '-qAt',
        '-v',
        'ON_ERROR_STOP=1',
        ...args,
      ]
      const psql = (sql: string): string => {
        const [file = '', ...args] = psqlArgv('-c', sql)
        return execFileSync(file, args, { encoding: 'utf8' })
      }
      return await work({ folder, url, gm, psql, psqlArgv })
    } finally {
      gm('db', 'reset', '--yes')
    }
  })
}

/** A size that the environment may set, to try a case small. @throws Error for what is no positive whole number. */
export function sizeFrom(variable: string, otherwise: number): number {
  const given = process.env[variable]
  if (given === undefined) return otherwise
  if (!/^[1-9]\d*$/.test(given)) throw new Error(`${variable}=${given} is no positive whole number`)
  return Number(given)
}

/** Seconds that the one step of the last run took, without the start and the end of the process. */
export function lastStepSeconds(folder: string): number {
  const text = readFileSync(join(folder, 'target/run_results.json'), 'utf8')
  const { results } = JSON.parse(text) as {
    readonly results: readonly { readonly execution_time: number }[]
  }
  return results[0]?.execution_time ?? Number.NaN
}

/** What `compare` tells of the whole processes, for the step alone. */
export function stepRatio(stepSeconds: readonly number[], { floor }: Pair): string {
  const ratio = median(stepSeconds.slice(1)) / (floor?.wallSeconds ?? Number.NaN)
  return `the step alone ${ratio.toFixed(2)}`
}
