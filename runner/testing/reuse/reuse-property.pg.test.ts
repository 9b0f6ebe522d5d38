import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import pg from 'pg'
import { expect } from 'vitest'
import type { Io } from '../../cli/io.ts'
import { runCli } from '../../cli/run-cli.ts'
import type { Connection } from '../../project/project.ts'
import fc from '../fast-check.ts'
import { databaseUrl } from '../gm.ts'
import { SEED } from '../random.ts'
import { test } from '../sql-fixture.ts'
import { EDITS } from './edits.ts'
import type { World } from './reuse-world.ts'
import { FIRST_WORLD, filesOf, relationsOf, UPSTREAM } from './reuse-world.ts'

const IS_LONG = process.env['GM_LONG'] !== undefined

/** What runs each time, as gm cannot know what it reads: functions of the users', foreign tables, tables that are parts of others, and hooks. */
const ALWAYS = new Set(['called', 'operated', 'noted', 'outside', 'from_foreign', 'people'])

/** undefined_table, invalid_schema_name */
const GONE = new Set(['42P01', '3F000'])

interface Warehouse {
  readonly connection: Connection
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>
}

/** Every kind of edit once, in any order, a few at a time. */
const story = fc
  .tuple(
    fc.shuffledSubarray(Object.keys(EDITS), { minLength: Object.keys(EDITS).length }),
    fc.infiniteStream(
      fc.record({
        size: fc.integer({ min: 1, max: 5 }),
        n: fc.infiniteStream(fc.nat({ max: 200 })),
        /** A part that is run before everything is. */
        part: fc.option(fc.constantFrom('log', 'report+', '+shown', 'shaped', 'rates'), {
          freq: 1,
        }),
        isAtomic: fc.boolean(),
      }),
    ),
  )
  .map(([kinds, rounds]) => {
    const left = [...kinds]
    const made: Round[] = []
    for (const { size, n, part, isAtomic } of rounds) {
      const edits = left.splice(0, size).map((kind) => ({ kind, n: n.next().value as number }))
      made.push({ edits, part, isAtomic })
      if (left.length === 0) break
    }
    return made
  })

interface Round {
  readonly edits: readonly { readonly kind: string; readonly n: number }[]
  readonly part: string | null
  readonly isAtomic: boolean
}

test('after random edits of everything that a result can depend on, a run that reuses equals a rebuild from nothing, and one without an edit does nothing', {
  timeout: IS_LONG ? 7_200_000 : 900_000,
}, async ({ connection, sql, project }) => {
  const root = await project({})
  const name = `${connection.database}_rebuilt`
  await sql(`create database ${name}`)
  const there = new pg.Client({ ...pick(connection), database: name })
  await there.connect()
  const ours: Warehouse = { connection, sql }
  const rebuilt: Warehouse = {
    connection: { ...connection, database: name },
    sql: async (text) =>
      [await there.query<Record<string, unknown>>(text)].flat().at(-1)?.rows ?? [],
  }
  try {
    await fc.assert(
      fc.asyncProperty(story, async (rounds) => {
        await begin(root, [ours, rebuilt])
        await followEdits(root, ours, rebuilt, rounds)
      }),
      {
        seed: SEED,
        numRuns: IS_LONG ? 10 : 1,
        endOnFailure: true,
        // The story of the edits says more than a list of all rounds.
        reporter: ({ errorInstance }) => {
          if (errorInstance instanceof Error) throw errorInstance
        },
      },
    )
  } finally {
    await there.end()
    await sql(`drop database ${name} with (force)`)
  }
})

/** Both databases as before the first run. */
async function begin(root: string, warehouses: readonly Warehouse[]): Promise<void> {
  await rm(join(root, 'models'), { recursive: true, force: true })
  for (const { sql } of warehouses) {
    await dropAll(sql)
    await sql(`drop schema if exists raw cascade; ${UPSTREAM}`)
  }
}

/** Everything that gm may have made. */
async function dropAll(sql: Warehouse['sql']): Promise<void> {
  await sql(`drop schema if exists gm, shop, mart_0, mart_1, mart_2 cascade`)
}

async function followEdits(
  root: string,
  ours: Warehouse,
  rebuilt: Warehouse,
  rounds: readonly Round[],
): Promise<void> {
  const story: string[] = []
  const where = (): string => `seed ${SEED}\n${story.join('\n')}`
  let world = FIRST_WORLD
  const build = async (at: Warehouse, words: readonly string[], codes: readonly number[] = [0]) => {
    await writeProject(root, world)
    story.push(`  gm ${words.join(' ')}${at === ours ? '' : ' (rebuilt)'}`)
    const { code, said } = await gm(root, at.connection, world, words)
    expect(codes, `${said}\n${where()}`).toContain(code)
  }
  const take = async ({
    world: changed,
    upstream,
    byHand,
  }: ReturnType<NonNullable<(typeof EDITS)[string]>>) => {
    world = { ...world, ...changed }
    if (upstream !== undefined) for (const { sql } of [ours, rebuilt]) await sql(upstream)
    // An edit before it in the same round may have taken its table away, or the name of its schema.
    if (byHand !== undefined)
      await ours.sql(byHand).catch((error: unknown) => {
        if (!GONE.has((error as pg.DatabaseError).code ?? '')) throw error
      })
  }
  await build(ours, ['build'])
  for (const { edits, part, isAtomic } of rounds) {
    const how = isAtomic ? ['--publish', 'atomic'] : []
    for (const { kind, n } of edits) {
      story.push(`${kind}, ${n}`)
      const edit = EDITS[kind]?.(n, world) ?? {}
      await take(edit)
      if (edit.mend !== undefined) {
        await build(ours, ['build', ...how], [0, 1])
        story.push('mended')
        await take(edit.mend)
      }
      // Refused without --full-refresh, or not gm's to see.
      if (edit.rebuild !== undefined)
        await build(ours, ['build', '--full-refresh', '-s', edit.rebuild])
    }
    if (part !== null) await build(ours, ['run', '-s', part], [0, 1])
    await build(ours, ['build', ...how])
    await dropAll(rebuilt.sql)
    await build(rebuilt, ['build'])
    for (const relation of relationsOf(world)) {
      expect(await lookAt(ours.sql, relation), `${relation}, ${where()}`).toEqual(
        await lookAt(rebuilt.sql, relation),
      )
    }
    await build(ours, ['build'])
    expect(await whatRan(ours.sql, world), where()).toEqual([])
  }
}

/** A relation as a reader finds it: its kind, columns, indexes of the configuration and rows. */
async function lookAt(sql: Warehouse['sql'], relation: string): Promise<unknown> {
  const [shape] = await sql(`select c.relkind, (
    select array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) order by a.attname)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname !~ '^_gm_'
  ) as columns, (
    select array_agg(d.definition order by d.definition)
    from pg_index i
    cross join lateral (
      select regexp_replace(pg_get_indexdef(i.indexrelid), 'INDEX .* USING', 'INDEX USING') as definition
    ) as d
    where i.indrelid = c.oid
  ) as indexes
  from pg_class c where c.oid = to_regclass('${relation}')`)
  if (shape === undefined) return undefined
  const names = (shape['columns'] as string[]).map((column) => column.split(' ')[0]).join(', ')
  return { ...shape, rows: await sql(`select ${names} from ${relation} order by ${names}`) }
}

/** What the latest run has run, but for what runs each time. */
async function whatRan(sql: Warehouse['sql'], world: World): Promise<readonly string[]> {
  const rows = await sql(`select node_id, reason from gm.steps
    where run_id = (select run_id from gm.runs order by started_at desc limit 1) and status <> 'reused'`)
  return rows
    .filter(({ node_id }) => {
      const name = String(node_id).split('.')[2] ?? ''
      // Nothing tells when somebody refreshes a materialized view by hand.
      const isUnknown = name.startsWith('leaf') && world.shape === 'materialized_view'
      return !ALWAYS.has(name) && !isUnknown && !(name === 'hooked' && world.hook > 0)
    })
    .map(({ node_id, reason }) => `${String(node_id)}: ${String(reason)}`)
}

async function writeProject(root: string, world: World): Promise<void> {
  await rm(join(root, 'models'), { recursive: true, force: true })
  for (const [path, text] of Object.entries(filesOf(world))) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

/** The command, in this process. */
async function gm(
  root: string,
  connection: Connection,
  world: World,
  words: readonly string[],
): Promise<{ readonly code: number; readonly said: string }> {
  let said = ''
  const io: Io = {
    env: {
      ...databaseUrl(connection),
      MART: String(world.mart),
      LEAST: String(world.least),
    },
    cwd: root,
    isTerminal: false,
    colour: false,
    width: () => 100,
    now: () => new Date(),
    out: (text) => (said += text),
    err: (text) => (said += text),
    addSecret: () => undefined,
    safe: (text) => text,
  }
  const vars = world.isThresholdFlag ? ['--vars', `{threshold: ${world.threshold}}`] : []
  return { code: await runCli([...words, ...vars], io), said }
}

function pick({ host, port, user, password }: Connection) {
  return { host, port, user, password }
}
