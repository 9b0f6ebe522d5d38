import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { Client } from 'pg'
import { describe, expect } from 'vitest'
import { GmError } from '../../runner/base/error.ts'
import { test as base } from '../../runner/testing/sql-fixture.ts'
import { prepareLanding } from '../land/prepare-landing.ts'
import { MAX_RECORD_LINES } from './csv-reader.ts'
import type { LandFileOptions, LandFileResult } from './land-file.ts'
import { landFile } from './land-file.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const MAPPING = join(ROOT, 'ingest', 'mappings', 'online-retail.yml')
const SAMPLES = join(ROOT, 'ingest', 'samples')
const TOPIC = 'transactions-topic'
const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country'

interface LandFixture {
  folder: string
  /** Writes a file of the content and lands it. */
  land: (
    name: string,
    content: string | Buffer,
    more?: Partial<LandFileOptions>,
  ) => Promise<LandFileResult>
}

const test = base.extend<LandFixture>({
  // eslint-disable-next-line no-empty-pattern
  folder: async ({}, use) => {
    const folder = await mkdtemp(join(tmpdir(), 'gm-land-'))
    await use(folder)
    await rm(folder, { recursive: true })
  },
  land: async ({ folder, connection }, use) => {
    await use(async (name, content, more = {}) => {
      const path = join(folder, name)
      await writeFile(path, content)
      const mapping = name.includes('.csv') ? MAPPING : undefined
      return landFile({ connection: pgConfig(connection), topic: TOPIC, path, mapping, ...more })
    })
  },
})

function pgConfig(connection: {
  host: string
  port: number
  user: string
  password?: string | undefined
  database: string
}): { host: string; port: number; user: string; password?: string; database: string } {
  const { host, port, user, password, database } = connection
  return { host, port, user, database, ...(password === undefined ? {} : { password }) }
}

function sale(more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    event_id: 'e1',
    event_type: 'purchase',
    transaction_id: 'T1',
    product_id: 'P1',
    unit_price: 2.55,
    quantity: 6,
    timestamp: '2026-01-02T03:04:05Z',
    ...more,
  })
}

const LAMP = '536365,85123A,LAMP,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom'

describe('landing files', () => {
  test('a CSV line becomes a raw row with its coordinates and the mapped event', async ({
    land,
    sql,
  }) => {
    const result = await land('day.csv', `${HEADER}\n${LAMP}\n`)
    expect(result).toMatchObject({
      status: 'landed',
      table: 'raw.transactions',
      lines: 1,
      events: 1,
      deadLetters: 0,
    })
    const rows =
      await sql(`select topic, "partition", "offset", file_name, file_hash, line::int, event_type,
      to_char(event_time at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as event_time, payload,
      landed_at > now() - interval '1 hour' as is_recent, _gm_xid is not null as has_xid from raw.transactions`)
    expect(rows).toEqual([
      {
        topic: TOPIC,
        partition: null,
        offset: null,
        file_name: 'day.csv',
        file_hash: result.fileHash,
        line: 2,
        event_type: 'purchase',
        event_time: '2010-12-01 08:26:00',
        payload: {
          event_type: 'purchase',
          transaction_id: '536365',
          user_id: '17850',
          product_id: '85123A',
          product_name: 'LAMP',
          unit_price: 2.55,
          quantity: 6,
          discount_amount: 0,
          total_amount: 15.3,
          country: 'United Kingdom',
          timestamp: '2010-12-01T08:26:00Z',
        },
        is_recent: true,
        has_xid: true,
      },
    ])
  })

  test('rows stand in the partition of the UTC day on which their transaction began', async ({
    land,
    sql,
  }) => {
    await land('a.jsonl', sale())
    const [row] = await sql<{ partition: string; expected: string }>(
      `select tableoid::regclass::text as partition,
              to_char(landed_at at time zone 'UTC', '"raw.transactions_p"YYYYMMDD') as expected
       from raw.transactions`,
    )
    expect(row?.partition).toBe(row?.expected)
  })

  test('JSON lines keep every digit of the text that they came as', async ({ land, sql }) => {
    const digits = '1234567890123456789012345678901234567890'
    await land('a.ndjson', `{"big":${digits},"tiny":0.10,${sale().slice(1)}\n`)
    const rows = await sql(
      `select event_id, payload->>'big' as big, payload->>'tiny' as tiny from raw.transactions`,
    )
    expect(rows).toEqual([{ event_id: 'e1', big: digits, tiny: '0.10' }])
  })

  test('the same content under another name, zipped, adds nothing and says so', async ({
    land,
    sql,
  }) => {
    const content = `${HEADER}\n${LAMP}\n`
    const first = await land('a.csv', content)
    const second = await land('b.csv.gz', gzipSync(content))
    expect(second).toMatchObject({ status: 'already-landed', fileHash: first.fileHash, events: 1 })
    expect(await sql('select count(*)::int as n from raw.transactions')).toEqual([{ n: 1 }])
    expect(await sql('select file_name, lines::int from raw.landed_files')).toEqual([
      { file_name: 'a.csv', lines: 1 },
    ])
  })

  test('the same content landed under two topics is landed twice', async ({ land, sql }) => {
    await land('a.jsonl', '\n')
    await land('a.jsonl', '\n', { topic: 'cart-events-topic' })
    expect(await sql('select topic from raw.landed_files order by 1')).toHaveLength(2)
  })

  test('four that land one file at once in an empty database land it once', async ({
    land,
    sql,
  }) => {
    const lines = Array.from({ length: 500 }, (_, i) => sale({ event_id: `e${i}` })).join('\n')
    const results = await Promise.all([1, 2, 3, 4].map((i) => land(`${i}.jsonl`, lines)))
    expect(results.map((r) => r.status).sort()).toEqual([
      'already-landed',
      'already-landed',
      'already-landed',
      'landed',
    ])
    expect(await sql('select count(*)::int as n from raw.transactions')).toEqual([{ n: 500 }])
  })

  test('equal lines are several raw rows with one event id', async ({ land, sql }) => {
    await land('a.csv', `${HEADER}\n${LAMP}\n${LAMP}\n${LAMP.replace('LAMP', ' LAMP ')}\n`)
    const rows = await sql(
      'select count(*)::int as n, count(distinct event_id)::int as ids from raw.transactions',
    )
    // The third differs only in blanks that the mapping trims away.
    expect(rows).toEqual([{ n: 3, ids: 1 }])
  })

  test.for([
    ['an empty file', ''],
    ['a header only', HEADER],
    ['a header and blank lines', `${HEADER}\r\n\r\n\n`],
  ] as const)('%s lands no events and is remembered', async ([, content], { land }) => {
    expect(await land('a.csv', content)).toMatchObject({
      status: 'landed',
      lines: 0,
      events: 0,
      deadLetters: 0,
    })
    expect(await land('a.csv', content)).toMatchObject({ status: 'already-landed' })
  })

  test('a byte order mark, Windows line ends and quotes across lines are read as they are meant', async ({
    land,
    sql,
  }) => {
    const content = `\uFEFF${HEADER}\r\n1,A,"RED, ""BIG""\r\nLAMP",1,2010-12-01 08:26:00,1.5,,France\r\n${LAMP}\r\n`
    expect(await land('a.csv', content)).toMatchObject({ events: 2, deadLetters: 0 })
    const rows = await sql(
      `select line::int, payload->>'product_name' as name from raw.transactions order by line`,
    )
    expect(rows).toEqual([
      { line: 2, name: 'RED, "BIG"\nLAMP' },
      { line: 4, name: 'LAMP' },
    ])
  })

  test('text that COPY could take for its own signs comes through', async ({ land, sql }) => {
    const name = 'back\\slash \\N \\. tab\t new\nline £ 🦊'
    await land('a.jsonl', sale({ product_name: name, event_id: '\\N' }))
    const rows = await sql(
      `select event_id, payload->>'product_name' as name from raw.transactions`,
    )
    expect(rows).toEqual([{ event_id: '\\N', name }])
  })

  test('a return, a guest and stock written off follow the rules of the mapping', async ({
    land,
    sql,
  }) => {
    const lines = [
      'C1,P,LAMP,-2,2011-01-05 10:00:00,1.25,12345.0,EIRE',
      '2,P,,-10,2011-01-05 10:01:00,0.0,,EIRE',
      'A3,B,Adjust bad debt,1,2011-01-05 10:02:00,11062.06,,United Kingdom',
    ]
    expect(await land('a.csv', [HEADER, ...lines].join('\n'))).toMatchObject({
      events: 2,
      deadLetters: 1,
    })
    const rows = await sql(
      `select event_type, payload->>'user_id' as user_id, payload->>'total_amount' as total from raw.transactions order by line`,
    )
    expect(rows).toEqual([
      { event_type: 'return', user_id: '12345', total: '-2.5' },
      { event_type: 'purchase', user_id: null, total: '0' },
    ])
    expect(await sql('select line::int, reason from raw.dead_letters')).toEqual([
      { line: 4, reason: 'rejected_by_mapping' },
    ])
  })
})

describe('lines that cannot be landed', () => {
  const nested = `${'['.repeat(5000)}${']'.repeat(5000)}`
  test.for([
    ['bad_json', '{"event_id":'],
    ['bad_json', 'null and void'],
    ['schema_violation', 'null'],
    ['schema_violation', '[1]'],
    ['schema_violation', sale({ event_type: 'theft' })],
    ['schema_violation', sale({ product_id: undefined })],
    ['schema_violation', sale({ event_type: 'return' })],
    ['schema_violation', sale({ quantity: 2147483648 })],
    ['schema_violation', sale({ unit_price: -1 })],
    ['schema_violation', sale({ event_id: 'x'.repeat(201) })],
    ['schema_violation', sale().replace('"quantity":6', '"quantity":6.0')],
    ['schema_violation', sale({ timestamp: '2026-02-30T00:00:00Z' })],
    ['schema_violation', sale({ timestamp: 'yesterday' })],
    ['event_in_future', sale({ timestamp: new Date(Date.now() + 90_000_000).toISOString() })],
    ['invalid_utf8', Buffer.concat([Buffer.from(sale().slice(0, -1)), Buffer.from([0xff, 0x7d])])],
    ['nul_character', sale({ product_name: 'a\0b' })],
    ['nul_character', Buffer.from(sale({ product_name: 'a#b' }).replace('#', '\0'))],
    ['lone_surrogate', sale({ product_name: '#' }).replace('#', '\\ud83d')],
    ['lone_surrogate', sale({ product_name: '#' }).replace('#', '\\ude00\\ud83d')],
    ['number_out_of_range', sale().replace('6,', '6,"x":1e200000,')],
    ['number_out_of_range', sale().replace('6,', '6,"x":1e-200000,')],
    ['nested_too_deep', sale().replace('6,', `6,"x":${nested},`)],
    ['too_long', sale({ product_name: 'x'.repeat(3_000_000) })],
  ] as const)(
    '%s (%#) is one dead letter with its line and bytes, and the others are landed',
    async ([reason, poison], { land, sql }) => {
      const bytes = Buffer.from(poison as string)
      const content = Buffer.concat([
        Buffer.from(`${sale()}\n`),
        bytes,
        Buffer.from(`\n${sale()}\n`),
      ])
      expect(await land('a.jsonl', content)).toMatchObject({ lines: 3, events: 2, deadLetters: 1 })
      const rows = await sql<{ raw_bytes: Buffer; message: string }>(
        'select line::int, reason, raw_bytes, message, file_name from raw.dead_letters',
      )
      expect(rows).toMatchObject([{ line: 2, reason, file_name: 'a.jsonl' }])
      expect(rows[0]?.raw_bytes.equals(bytes.subarray(0, 1024 * 1024))).toBe(true)
      expect(rows[0]?.message).not.toBe('')
      expect(await sql('select line::int from raw.transactions order by 1')).toEqual([
        { line: 1 },
        { line: 3 },
      ])
    },
  )

  test('what is landed can be cast to the columns of the models, at every bound', async ({
    land,
    sql,
  }) => {
    const lines = [
      sale({ quantity: 2147483647, unit_price: 0.0001, stock_after: -2147483648 }),
      sale({ quantity: 1, unit_price: 99999999999.9999, total_amount: -9999999999999998 }),
      sale({ timestamp: '9999-12-31T23:59:59Z' }),
    ]
    expect(await land('a.jsonl', lines.join('\n'))).toMatchObject({ events: 2, deadLetters: 1 })
    await sql(`select (payload->>'quantity')::integer, (payload->>'stock_after')::integer,
      (payload->>'unit_price')::numeric(18,4), (payload->>'total_amount')::numeric(18,2),
      ((payload->>'quantity')::integer * (payload->>'unit_price')::numeric(18,4))::numeric(18,2),
      (payload->>'timestamp')::timestamptz from raw.transactions`)
  })

  test.for([
    ['a line of too few cells', 'wrong_column_count', 'a,b'],
    ['a line of too many cells', 'wrong_column_count', `${LAMP},more`],
    [
      'a quote that is never closed',
      'broken_quote',
      '1,A,"LAMP,6,2010-12-01 08:26:00,2.55,,France',
    ],
    [
      'text behind a closing quote',
      'broken_quote',
      '1,A,"LAMP"x,6,2010-12-01 08:26:00,2.55,,France',
    ],
    ['a quantity that is no number', 'schema_violation', LAMP.replace(',6,', ',six,')],
    [
      'a date that is written otherwise',
      'schema_violation',
      LAMP.replace('2010-12-01 08:26:00', '01.12.2010'),
    ],
    ['a price with more digits than are kept', 'schema_violation', LAMP.replace('2.55', '2.55555')],
    ['a line without its product', 'schema_violation', LAMP.replace('85123A', ' ')],
  ] as const)(
    '%s is a dead letter, and the lines after it are landed',
    async ([, reason, poison], { land, sql }) => {
      const after = Array.from({ length: MAX_RECORD_LINES * 3 }, () => LAMP)
      const content = [
        HEADER,
        LAMP,
        poison,
        ...after,
        '9,B,"A, B",1,2010-12-01 08:26:00,1,,EIRE',
      ].join('\n')
      expect(await land('a.csv', content)).toMatchObject({
        events: after.length + 2,
        deadLetters: 1,
      })
      expect(
        await sql(
          `select line::int, reason, convert_from(raw_bytes, 'UTF8') as text from raw.dead_letters`,
        ),
      ).toEqual([{ line: 3, reason, text: poison }])
    },
  )

  test('a quote that is still open at the end of the file costs its own line only', async ({
    land,
  }) => {
    const content = [HEADER, LAMP, '1,A,"LAMP,6,2010-12-01 08:26:00,2.55,,France', LAMP].join('\n')
    expect(await land('a.csv', content)).toMatchObject({ events: 2, deadLetters: 1 })
  })

  test('a row that only the server refuses is a dead letter, and no other row is lost', async ({
    connection,
    land,
    sql,
  }) => {
    const client = new Client(pgConfig(connection))
    await client.connect()
    await prepareLanding(client)
    await client.end()
    await sql(`alter table raw.transactions add check (payload->>'product_id' <> 'BAD')`)
    const lines = Array.from({ length: 25_000 }, (_, i) =>
      sale({ event_id: `e${i}`, ...(i % 9000 === 7 ? { product_id: 'BAD' } : {}) }),
    )
    expect(await land('a.jsonl', lines.join('\n'))).toMatchObject({
      events: 24_997,
      deadLetters: 3,
    })
    expect(await sql('select line::int, reason from raw.dead_letters order by 1')).toEqual(
      [8, 9008, 18008].map((line) => ({ line, reason: 'refused_by_database' })),
    )
    expect(await sql('select count(distinct line)::int as n from raw.transactions')).toEqual([
      { n: 24_997 },
    ])
  })
})

describe('files that cannot be landed', () => {
  test.for([
    ['a name of no known kind', 'GM7003', 'a.xlsx', 'x'],
    [
      'gzip that ends too early',
      'GM7003',
      'a.csv.gz',
      gzipSync('x'.repeat(100_000)).subarray(0, 50),
    ],
    [
      'a column that the mapping needs and the header lacks',
      'GM7003',
      'a.csv',
      `${HEADER.replace('Country', 'Land')}\n${LAMP}`,
    ],
  ] as const)(
    '%s is refused with %s and leaves nothing',
    async ([, code, name, content], { land, sql }) => {
      await expect(land(name, content)).rejects.toSatisfy(
        (e) => e instanceof GmError && e.code === code && e.hint !== undefined,
      )
      const left = await sql(`select to_regclass('raw.landed_files') is null as unprepared`)
      if (left[0]?.unprepared === false) {
        expect(
          await sql('select from raw.landed_files union all select from raw.dead_letters'),
        ).toEqual([])
      }
    },
  )

  test('an unknown topic is refused with the nearest name', async ({ land }) => {
    await expect(land('a.jsonl', '', { topic: 'transaction-topic' })).rejects.toMatchObject({
      code: 'GM7001',
      hint: 'Did you mean "transactions-topic"?',
    })
  })

  test('a file that does not exist is refused with a hint', async ({ connection, folder }) => {
    const path = join(folder, 'none.csv')
    await expect(
      landFile({ connection: pgConfig(connection), topic: TOPIC, path }),
    ).rejects.toMatchObject({ code: 'GM7003' })
  })

  test('a file that grows while it is read is refused and leaves nothing', async ({
    folder,
    land,
    sql,
  }) => {
    const lines = Array.from({ length: 60_000 }, (_, i) => sale({ event_id: `e${i}` })).join('\n')
    let grown: Promise<void> | undefined
    const onProgress = (): void =>
      void (grown ??= appendFile(join(folder, 'a.jsonl'), `\n${sale()}`))
    await expect(land('a.jsonl', lines, { onProgress })).rejects.toMatchObject({ code: 'GM7003' })
    await grown
    expect(await sql('select count(*)::int as n from raw.transactions')).toEqual([{ n: 0 }])
  })
})

describe('landing that is stopped', () => {
  const many = Array.from({ length: 60_000 }, (_, i) => sale({ event_id: `e${i}` })).join('\n')

  test('an abort halfway leaves nothing and no connection', async ({ land, sql }) => {
    const stop = new AbortController()
    const onProgress = (): void => stop.abort()
    await expect(land('a.jsonl', many, { signal: stop.signal, onProgress })).rejects.toThrow(
      'aborted',
    )
    expect(await sql('select count(*)::int as n from raw.transactions')).toEqual([{ n: 0 }])
  })

  test('an abort while another lands the same file ends the wait', async ({
    connection,
    land,
    sql,
  }) => {
    const first = await land('a.jsonl', sale())
    await sql(`truncate raw.landed_files`)
    const holder = new Client(pgConfig(connection))
    await holder.connect()
    await holder.query('select pg_advisory_lock(hashtextextended($1, 0))', [
      `gm landing ${TOPIC} ${first.fileHash}`,
    ])
    const stop = new AbortController()
    const second = land('a.jsonl', sale(), { signal: stop.signal })
    second.catch(() => undefined)
    while (
      (
        await sql(
          `select from pg_stat_activity where wait_event = 'advisory' and datname = current_database()`,
        )
      ).length === 0
    ) {
      await sleep(10)
    }
    stop.abort()
    await expect(second).rejects.toThrow('aborted')
    await holder.end()
  })

  test('kill -9 in the middle of COPY leaves nothing, and landing again lands all of it', async ({
    connection,
    folder,
    land,
    sql,
  }) => {
    const path = join(folder, 'a.jsonl')
    await writeFile(path, many)
    const script = join(folder, 'land.mts')
    await writeFile(
      script,
      `import { landFile } from ${JSON.stringify(join(ROOT, 'ingest', 'index.ts'))}
       await landFile({ ...JSON.parse(process.argv[2]), onProgress: () => process.kill(process.pid, 'SIGKILL') })`,
    )
    const options = JSON.stringify({ connection: pgConfig(connection), topic: TOPIC, path })
    const child = spawn(process.execPath, ['--import', 'tsx', script, options], {
      cwd: ROOT,
      stdio: 'inherit',
    })
    const signal = await new Promise((resolve) => child.on('exit', (_code, by) => resolve(by)))
    expect(signal).toBe('SIGKILL')
    expect(
      await sql('select from raw.transactions union all select from raw.landed_files'),
    ).toEqual([])
    expect(await land('a.jsonl', many)).toMatchObject({ status: 'landed', events: 60_000 })
  })
})

describe('real data', () => {
  test('the sample lands in three steps, every line of it', async ({ connection, sql }) => {
    const files = (await readdir(SAMPLES)).filter((name) => name.endsWith('.csv.gz')).sort()
    const results: LandFileResult[] = []
    for (const name of files) {
      const path = join(SAMPLES, name)
      results.push(
        await landFile({ connection: pgConfig(connection), topic: TOPIC, path, mapping: MAPPING }),
      )
    }
    expect(results.map((r) => r.events)).toEqual([1666, 1667, 1667])
    expect(results.map((r) => r.deadLetters)).toEqual([0, 0, 0])
    expect(
      await sql(
        'select count(*)::int as n, count(distinct event_id)::int as ids from raw.transactions',
      ),
    ).toEqual([{ n: 5000, ids: 4967 }])
  })

  const quarter = join(
    import.meta.dirname,
    '../../../shared/data/online-retail-2010-12_2011-02.csv.gz',
  )
  test.skipIf(!existsSync(quarter))(
    'the whole quarter lands (skipped where it does not lie beside the repository)',
    async ({ connection, sql }) => {
      const options = {
        connection: pgConfig(connection),
        topic: TOPIC,
        path: quarter,
        mapping: MAPPING,
      }
      expect(await landFile(options)).toMatchObject({ events: 105_335, deadLetters: 0 })
      const rows = await sql(
        `select count(distinct event_id)::int as ids, min(event_time)::date::text as first from raw.transactions`,
      )
      expect(rows).toEqual([{ ids: 104_360, first: '2010-12-01' }])
    },
  )
})
