import { expect } from 'vitest'
import { CHANGES_SCHEMA, judgeChanges, KEYS_SCHEMA } from '../../sql/changes-misuse.ts'
import { isSyntaxError, loadSqlParser } from '../../sql/parse-sql.ts'
import { randomBelow, SEED } from '../random.ts'
import { test } from '../sql-fixture.ts'
import type { Table } from './random-from.ts'
import { PRIMARY, TABLES } from './random-from.ts'
import type { RandomModel } from './random-query.ts'
import { randomModel } from './random-query.ts'

/** One in five is accepted and not refused by a database: of these, each is a model with data and changes of its own. */
const MODELS = process.env['GM_LONG'] === undefined ? 2_000 : 60_000

type Below = (n: number) => number

const parse = await loadSqlParser()

/** SQL is judged under names that tables have here as well, so that what is judged is what runs. */
function named(sql: string): string {
  return sql.replaceAll(/\b(keys|new)\./g, (_, kind) =>
    kind === 'keys' ? `"${KEYS_SCHEMA}".` : `"${CHANGES_SCHEMA}".`,
  )
}

function isAccepted({ incremental, uniqueKey, strategy }: RandomModel): boolean {
  const parsed = parse(named(incremental))
  if (isSyntaxError(parsed)) throw new Error(`${parsed.message}: ${incremental}`)
  const target = { schema: 'shop', identifier: 'target', uniqueKey }
  const { misuses, isReplacedByPart } = judgeChanges(parsed, target)
  return misuses.length === 0 && !(isReplacedByPart && strategy === 'delete+insert')
}

function randomRow(table: Table, id: number, below: Below): string {
  return `(${TABLES[table].map((name) => (name === PRIMARY[table] ? id : below(4))).join(', ')})`
}

function fill(below: Below): string[] {
  return (Object.keys(TABLES) as Table[]).map((table) => {
    const rows = Array.from({ length: 8 }, (_, id) => randomRow(table, id, below))
    const some = rows.filter((_, id) => id === 0 || below(10) > 0)
    return `truncate raw.${table}, "${KEYS_SCHEMA}".${table}, "${CHANGES_SCHEMA}".${table};
      insert into raw.${table} values ${some.join(', ')}`
  })
}

/** Rows that come, and where the model follows that as well, that go or change; each once. */
function changesOf(table: Table, isAll: boolean, below: Below): string[] {
  const [keys, changed, id] = [
    `"${KEYS_SCHEMA}".${table}`,
    `"${CHANGES_SCHEMA}".${table}`,
    PRIMARY[table],
  ]
  const statements: string[] = []
  for (let row = below(4); row < (isAll ? 12 : 8); row += 1 + below(8)) {
    const at = isAll ? row : row + 8
    if (at >= 8) {
      const inserted = `insert into raw.${table} values ${randomRow(table, at, below)} returning *`
      statements.push(
        `with i as (${inserted}), k as (insert into ${keys} table i) insert into ${changed} table i`,
      )
    } else if (below(2) === 0) {
      const deleted = `delete from raw.${table} where ${id} = ${at} returning *`
      statements.push(`with d as (${deleted}) insert into ${keys} table d`)
    } else {
      const set = TABLES[table].map((name) =>
        name === id || below(2) === 0 ? `${name} = ${name}` : `${name} = ${below(4)}`,
      )
      statements.push(
        `insert into ${keys} select * from raw.${table} where ${id} = ${at}`,
        `with u as (update raw.${table} set ${set.join(', ')} where ${id} = ${at} returning *),
          k as (insert into ${keys} table u) insert into ${changed} table u`,
      )
    }
  }
  return statements
}

/** Fails with a division by zero, as a run refuses null keys, and more rows than one of a key to merge. */
function refuse(rows: string, condition: string): string {
  return `select 1 / (case when exists (select from ${rows} as r ${condition}) then 0 else 1 end)`
}

/** A first build, changes, and what a later run does. */
function story(model: RandomModel, isAll: boolean, below: Below): string[] {
  const { full, incremental, follows, uniqueKey, strategy, recompute } = model
  const key = uniqueKey.join(', ')
  const isNull = uniqueKey.map((name) => `${name} is null`).join(' or ')
  const wholes = strategy === 'merge' ? ['target', 'given', `(${full})`] : []
  return [
    ...fill(below),
    `create table target as ${full}`,
    ...follows.flatMap((table) => changesOf(table, isAll, below)),
    `create table given as ${named(incremental)}`,
    refuse('given', `where ${isNull}`),
    ...wholes.map((rows) => refuse(rows, `group by ${key} having count(*) > 1`)),
    `delete from target where (${key}) in (select ${key} from given)`,
    ...(recompute === undefined
      ? []
      : [`delete from target where ${recompute.column} in (${named(recompute.keys)})`]),
    'insert into target table given',
  ]
}

test('what gm accepts of random models is equal to a rebuild after random changes', {
  timeout: 3_600_000,
}, async ({ sql }) => {
  const below = randomBelow(SEED)
  await sql(`create schema raw; create schema "${KEYS_SCHEMA}"; create schema "${CHANGES_SCHEMA}"`)
  for (const [table, names] of Object.entries(TABLES)) {
    const columns = names.map((name) => `${name} int not null`).join(', ')
    for (const schema of ['raw', KEYS_SCHEMA, CHANGES_SCHEMA])
      await sql(`create table "${schema}".${table} (${columns})`)
  }
  const lost: string[] = []
  let compared = 0
  for (let n = 0; n < MODELS; n += 1) {
    const model = randomModel(below)
    if (!isAccepted(model)) continue
    const { incremental, full, recompute, uniqueKey, strategy } = model
    // Without recompute() rows that are no more may stay, as the documentation says; none may be missing or wrong.
    const isAll = recompute !== undefined && !incremental.includes('new.')
    try {
      await sql(['begin', ...story(model, isAll, below)].join(';\n'))
      const extra = `union all (select 'has', t::text from (table target except all table f) t)`
      const different = await sql(
        `with f as (${full}) (select 'lacks' as it, f::text as row from (table f except all table target) f) ${isAll ? extra : ''}`,
      )
      compared += 1
      if (different.length > 0)
        lost.push(
          `${strategy} by ${uniqueKey.join()}, ${recompute === undefined ? '' : 'recompute k, '}seed ${SEED}: ${incremental}\n  ${JSON.stringify(different.slice(0, 3))}`,
        )
    } catch (error) {
      if (!/division by zero|invalid reference/.test((error as Error).message))
        throw new Error(incremental, { cause: error })
    } finally {
      await sql('rollback')
    }
  }
  expect(lost.sort((one, other) => one.length - other.length).slice(0, 10)).toEqual([])
  expect(compared).toBeGreaterThan(MODELS / 20)
})
