import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const TABLES = 200

/**
 * A project of 200 tables with a view on each, built again although nothing has changed. The floor is psql with the SQL that gm logged for such a run,
 * with the same transaction boundaries on one session, on a copy of the database from before the run.
 */
export const rerun: Case = async () =>
  await inScratch(async (folder) => {
    mkdirSync(join(folder, 'models'))
    writeFileSync(join(folder, 'project.yml'), 'name: bench\nthreads: 1\n')
    for (let i = 0; i < TABLES; i++) {
      writeFileSync(
        join(folder, `models/table_${i}.sql`),
        `{{ config(materialized='table') }}\nselect n, n * ${i} as m from generate_series(1, 100) as n\n`,
      )
      writeFileSync(
        join(folder, `models/view_${i}.sql`),
        `{{ config(materialized='view') }}\nselect n, m + 1 as k from {{ ref('table_${i}') }}\n`,
      )
    }
    const gm = (...args: string[]): string =>
      execFileSync(GM[0], [GM[1], ...args], { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 })
    try {
      gm('run')
      const url = gm('db', 'url').trim()
      const psql = (database: string, ...args: string[]): string =>
        execFileSync(
          'psql',
          [withDatabase(url, database), '-X', '-v', 'ON_ERROR_STOP=1', ...args],
          { encoding: 'utf8' },
        )
      const own = new URL(url).pathname.slice(1)
      const restore = async (): Promise<void> => {
        psql('postgres', '-qc', `drop database if exists ${own} with (force)`)
        psql('postgres', '-qc', `create database ${own} template bench_before`)
        // The ledger knows the database by its oid, which a copy does not keep.
        psql(
          own,
          '-qc',
          `update gm.cluster set database_oid = (select oid from pg_database where datname = current_database())`,
        )
        psql(own, '-qc', 'checkpoint')
        await Promise.resolve()
      }
      psql('postgres', '-qc', `create database bench_before template ${own}`)
      await restore()
      rmSync(join(folder, 'logs'), { recursive: true, force: true })
      gm('run', '--force', '--log-level', 'debug')
      const replay = join(folder, 'replay.sql')
      writeFileSync(replay, loggedSql(join(folder, 'logs')))
      const pair = await compare({
        ours: { argv: [...GM, 'run', '--force'], cwd: folder },
        floor: {
          argv: ['psql', url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', replay],
        },
        rounds: 5,
        before: restore,
      })
      return [
        {
          name: `run ${TABLES} tables and ${TABLES} views again (--force), 1 session`,
          floorName: 'psql -f of the logged SQL',
          pair,
          target: 'wall ≤ 1.5',
          isMet: (pair.wallRatio ?? Infinity) <= 1.5,
        },
      ]
    } finally {
      gm('db', 'reset', '--yes')
    }
  })

function withDatabase(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

/** The SQL of the one log file there is, in the order in which it was sent. */
export function loggedSql(folder: string): string {
  const [file] = readdirSync(folder).filter((name) => name.endsWith('.log'))
  if (file === undefined) throw new Error(`no logged SQL in ${folder}`)
  const sql = readFileSync(join(folder, file), 'utf8')
  const runId = /_([0-9a-f]+)\.log$/.exec(file)?.[1] ?? ''
  // The steps name their run, whose row the runner writes on a connection of its own before the first of them.
  return `insert into gm.runs (run_id, command, project, target, gm_version) values ('${runId}', 'run', 'bench', 'dev', '0');\n${sql}`
}
