import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from './measure.ts'

/** A dbt project beside ours, on the same server; its relations are in the schema by_dbt. */
export interface DbtProject {
  readonly command: (...words: readonly string[]) => Command
}

/**
 * Writes a project for dbt-core. Its program is named by BENCH_DBT: `BENCH_DBT=/tmp/dbt/bin/dbt`.
 * @returns undefined without it: then nothing is compared with dbt.
 */
export function dbtProject(
  root: string,
  url: string,
  files: ReadonlyMap<string, string>,
): DbtProject | undefined {
  const dbt = process.env['BENCH_DBT']
  if (dbt === undefined || dbt === '') return undefined
  const folder = join(root, 'dbt')
  const { hostname, port, username, password, pathname } = new URL(url)
  const target = {
    type: 'postgres',
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    dbname: decodeURIComponent(pathname.slice(1)),
    schema: 'by_dbt',
    threads: 1,
  }
  const all = new Map([
    ...files,
    ['dbt_project.yml', 'name: bench\nversion: "1.0.0"\nprofile: bench\n'],
    // JSON is YAML, and quotes what a password may hold.
    ['profiles.yml', JSON.stringify({ bench: { target: 'it', outputs: { it: target } } })],
  ])
  for (const [path, text] of all) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return {
    command: (...words) => ({
      argv: [dbt, '--quiet', ...words, '--project-dir', folder, '--profiles-dir', folder],
      cwd: folder,
      env: { DBT_SEND_ANONYMOUS_USAGE_STATS: 'false', DO_NOT_TRACK: '1' },
    }),
  }
}
