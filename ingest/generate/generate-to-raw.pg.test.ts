import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientConfig } from 'pg'
import { expect } from 'vitest'
import type { Connection } from '../../runner/project/project.ts'
import { test } from '../../runner/testing/sql-fixture.ts'
import { landFile } from '../files/land-file.ts'
import { generateFiles } from './generate-files.ts'
import { generateToRaw } from './generate-to-raw.ts'

const OPTIONS = { seed: 7, events: 9_000, days: 6, duplicates: 0.05, badJson: 0.01 } as const
const RAW = ['transactions', 'product_views', 'cart_events'].map(
  (table) => `select topic, event_id, event_type, event_time, payload from raw.${table}`,
)
const LANDED = `${RAW.join(' union all ')} union all
  select topic, encode(raw_bytes, 'hex'), reason, null, null from raw.dead_letters`

function configOf({ host, port, user, password, database }: Connection): ClientConfig {
  return { host, port, user, database, ...(password === undefined ? {} : { password }) }
}

test('events generated straight into the raw tables are those that files of the same settings land, dead letters included', async ({
  connection,
  sql,
}) => {
  const config = configOf(connection)
  const folder = await mkdtemp(join(tmpdir(), 'gm-generate-'))
  try {
    const { files } = await generateFiles(OPTIONS, { folder })
    for (const { topic, path } of files) await landFile({ connection: config, topic, path })
  } finally {
    await rm(folder, { recursive: true })
  }
  await sql(`create table from_files as ${LANDED}`)
  await sql(
    'truncate raw.transactions, raw.product_views, raw.cart_events, raw.dead_letters, raw.landed_files',
  )

  const result = await generateToRaw(OPTIONS, { connection: config })

  expect(result.status).toBe('landed')
  const events = result.tables.reduce((sum, table) => sum + table.events, 0)
  const deadLetters = result.tables.reduce((sum, table) => sum + table.deadLetters, 0)
  expect(events + deadLetters).toBe(result.lines)
  expect(deadLetters).toBeGreaterThan(50)
  expect(
    await sql(`select
      (select count(*)::int from from_files) as files,
      (select count(*)::int from (${LANDED}) as l) as raw,
      (select count(*)::int from (table from_files except all (${LANDED})) as d) as only_files,
      (select count(*)::int from ((${LANDED}) except all table from_files) as d) as only_raw`),
  ).toEqual([{ files: result.lines, raw: result.lines, only_files: 0, only_raw: 0 }])

  const again = await generateToRaw(OPTIONS, { connection: config })
  expect(again.status).toBe('already-landed')
  expect(await sql(`select count(*)::int as n from (${LANDED}) as l`)).toEqual([
    { n: result.lines },
  ])
})

test('an abort leaves nothing of the generated events behind', async ({ connection, sql }) => {
  const config = configOf(connection)
  const signal = AbortSignal.abort(new Error('enough'))
  await expect(generateToRaw(OPTIONS, { connection: config, signal })).rejects.toThrow('enough')
  expect(await sql(`select count(*)::int as n from (${LANDED}) as l`)).toEqual([{ n: 0 }])
})
