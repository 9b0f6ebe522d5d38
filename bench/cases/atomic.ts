import { setImmediate as turn } from 'node:timers/promises'
import { Client } from 'pg'
import type { Case } from '../finding.ts'
import { inProject, sizeFrom } from '../in-project.ts'
import { measure, median } from '../measure.ts'
import { GM } from '../scratch.ts'

const ROUNDS = 5

/**
 * Tables that one run publishes all at once, seen from outside: a session asks `pg_locks` without pause for ACCESS
 * EXCLUSIVE on the tables that readers know, and another reads one of them after the other, as fast as it can.
 */
export const atomic: Case = async () => {
  const tables = sizeFrom('BENCH_TABLES', 200)
  const files = new Map([['project.yml', 'name: bench\n']])
  for (let i = 0; i < tables; i++) {
    files.set(
      `models/table_${i}.sql`,
      `{{ config(materialized='table', indexes=[{'columns': ['n'], 'unique': true}]) }}\nselect n, n * ${i} as m from generate_series(1, 1000) as n\n`,
    )
  }
  return await inProject(files, async ({ folder, url, gm }) => {
    gm('run', '--publish', 'atomic')
    const held: number[] = []
    const waits: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      let isRunning = true
      const until = (): boolean => isRunning
      const locks = watchLocks(url, tables, until)
      const reader = readAll(url, tables, until)
      try {
        await measure({
          argv: [...GM, 'run', '--force', '--publish', 'atomic'],
          cwd: folder,
        })
      } finally {
        isRunning = false
      }
      held.push(await locks)
      waits.push(await reader)
    }
    const finding = (name: string, seconds: number, limit: number | undefined) => ({
      name,
      floorName: '',
      pair: {
        ours: { wallSeconds: seconds, cpuSeconds: Number.NaN, peakMiB: Number.NaN },
        floor: undefined,
        wallRatio: undefined,
        cpuRatio: undefined,
        rounds: ROUNDS,
      },
      target: limit === undefined ? 'none' : `≤ ${limit} ms`,
      isMet: limit === undefined || seconds * 1000 <= limit,
    })
    return [
      finding(`publish ${tables} tables at once: ACCESS EXCLUSIVE held`, median(held), 200),
      finding(`publish ${tables} tables at once: longest read`, Math.max(...waits), undefined),
    ]
  })
}

/** Seconds from the last look before any of the tables was locked to the first look after; the longest stretch counts. */
async function watchLocks(url: string, tables: number, until: () => boolean): Promise<number> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ oids: string[] }>(
      `select array_agg(oid::text) as oids from pg_class where relkind = 'r' and relname ~ '^table_[0-9]+$'`,
    )
    const oids = rows[0]?.oids ?? []
    if (oids.length !== tables) throw new Error(`${oids.length} of ${tables} tables are there`)
    let longest = 0
    let free = performance.now()
    let wasHeld = false
    while (until()) {
      const look = await client.query({
        name: 'look',
        text: `select from pg_locks where locktype = 'relation' and mode = 'AccessExclusiveLock' and granted
  and relation = any($1::oid[]) and database = (select oid from pg_database where datname = current_database()) limit 1`,
        values: [oids],
      })
      const now = performance.now()
      if (look.rowCount === 0) {
        if (wasHeld) longest = Math.max(longest, now - free)
        free = now
      }
      wasHeld = look.rowCount !== 0
    }
    if (longest === 0) throw new Error('no lock was seen')
    return longest / 1000
  })
}

/** The longest read, in seconds. */
async function readAll(url: string, tables: number, until: () => boolean): Promise<number> {
  return await withClient(url, async (client) => {
    let longest = 0
    for (let i = 0; until(); i = (i + 1) % tables) {
      const begun = performance.now()
      await client.query(`select n, m from table_${i} where n = 7`)
      longest = Math.max(longest, performance.now() - begun)
      await turn()
    }
    return longest / 1000
  })
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
