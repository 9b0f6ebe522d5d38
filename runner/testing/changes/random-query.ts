import type { From, Pick, Table } from './random-from.ts'
import { randomFrom, TABLES } from './random-from.ts'

/** A model that follows tables, as text for a first build and for a later run. */
export interface RandomModel {
  /** With `keys.t` and `new.t` in place of what `changed_keys()` and `changes()` of a table give. */
  readonly incremental: string
  readonly full: string
  /** The tables whose changes it follows; the others stay as they are. */
  readonly follows: readonly Table[]
  readonly uniqueKey: readonly string[]
  readonly strategy: 'merge' | 'delete+insert'
  /** The column and query of `recompute()`; a model without it does not follow what is deleted or moves. */
  readonly recompute: { readonly column: string; readonly keys: string } | undefined
}

type Below = (n: number) => number

type Chance = (percent: number) => boolean

/** What is put in braces stands in a later run only, and after the bar what stands for it in a first build. */
const later = (text: string, first: string): string => `{${text}|${first}}`

/** Columns computed of all rows of a table. */
const WITH_ALL: readonly { readonly table: Table; readonly sql: string }[] = [
  { table: 'users', sql: '(select sum(z.n) from raw.users z)' },
  { table: 'prices', sql: '(select count(*) from raw.prices z where z.v > 1)' },
]

export function randomModel(below: Below): RandomModel {
  const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T
  const chance = (percent: number): boolean => below(100) < percent
  const from = randomFrom(pick)
  const follows = new Set<Table>()
  const main = randomChoice(from, pick, chance, follows)
  const where = [...from.where, ...(chance(15) ? [`${pick(from.columns)} > 0`] : [])]
  const conditions = [...where, ...(main.condition === undefined ? [] : [main.condition])]
  const rows = {
    from: `from ${from.sql}${main.join ?? ''}`,
    where: conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`,
    columns: from.columns,
  }
  const others = WITH_ALL.filter(({ table }) => !follows.has(table)).map(({ sql }) => sql)
  const stage = randomStage(rows, main.column, pick, chance, others)
  const united = chance(20) ? unionWith(stage, from, main, pick, chance) : stage
  const last = chance(25) ? wrapped(united, pick, chance) : united
  const key =
    chance(60) || last.keys.length === 0
      ? last.keys
      : last.keys.filter(() => chance(50)).slice(0, 2)
  const uniqueKey = key.length === 0 ? [pick(last.outputs)] : key
  const strategy = chance(40) ? 'merge' : 'delete+insert'
  const canRecompute = main.keys !== undefined && last.isByChosen
  return {
    incremental: written(last.sql, 0),
    full: written(last.sql, 1),
    follows: [...follows],
    uniqueKey,
    strategy,
    recompute:
      main.keys !== undefined && canRecompute && chance(70)
        ? { column: 'k', keys: written(main.keys, 0) }
        : undefined,
  }
}

function written(text: string, side: 0 | 1): string {
  return text.replaceAll(/\{([^{}|]*)\|([^{}|]*)\}/g, (_, incremental: string, full: string) =>
    side === 0 ? incremental : full,
  )
}

interface Choice {
  readonly condition?: string
  readonly join?: string
  /** What is chosen by, to be given. */
  readonly column: string
  /** The keys' query, where it can be recomputed by. */
  readonly keys?: string
}

/** Rows are chosen by changed ones: by a column of the table that changes, or one that is equal. */
function randomChoice(from: From, pick: Pick, chance: Chance, follows: Set<Table>): Choice {
  const [alias, table] = pick([...from.tables])
  follows.add(table)
  const name = pick(TABLES[table])
  const own = `${alias}.${name}`
  const same = from.equal.flatMap(([one, other]) =>
    one === own ? [other] : other === own ? [one] : [],
  )
  const column = chance(40) && same.length > 0 ? pick(same) : own
  const how = chance(70) ? 'keys' : 'new'
  const read = (names: string): string => `(select distinct ${names} from ${how}.${table}) k`
  const keys = `select ${name} from ${read(name)}`
  const second = pick(TABLES[table].filter((other) => other !== name))
  return pick<() => Choice>([
    () => ({ condition: later(`${column} in (${keys})`, 'true'), column, keys }),
    () => ({ condition: later(`${column} in (${keys})`, 'true'), column, keys }),
    () => ({ condition: later(`${column} in (${keys})`, 'true'), column, keys }),
    () => ({
      condition: later(`exists (select from ${read(name)} where k.${name} = ${column})`, 'true'),
      column,
      keys,
    }),
    () => ({ condition: later(`${column} = any (array(${keys}))`, 'true'), column, keys }),
    () => ({
      condition: later(
        `(${own}, ${alias}.${second}) in (select ${name}, ${second} from ${read(`${name}, ${second}`)})`,
        'true',
      ),
      column,
    }),
    () => ({
      condition: later(`${own} / 2 in (select ${name} / 2 from ${read(name)})`, 'true'),
      column: `${own} / 2`,
      keys: `select ${name} / 2 from ${read(name)}`,
    }),
    () => ({
      condition: later(`${own} >= (select min(${name}) from ${read(name)})`, 'true'),
      column,
    }),
    () => ({ join: later(` join ${read(name)} on k.${name} = ${column}`, ''), column, keys }),
    () => ({
      condition: later(`(${column} in (${keys}) or ${pick(from.columns)} > 2)`, 'true'),
      column,
      keys,
    }),
    () => {
      const [otherAlias, other] = pick([...from.tables])
      const otherName = pick(TABLES[other])
      follows.add(other)
      const second = `select ${otherName} from (select distinct ${otherName} from keys.${other}) k`
      return {
        condition: later(
          `(${column} in (${keys}) or ${otherAlias}.${otherName} in (${second}))`,
          'true',
        ),
        column,
      }
    },
  ])()
}

interface Rows {
  readonly from: string
  readonly where: string
  readonly columns: readonly string[]
}

interface Stage {
  readonly sql: string
  readonly outputs: readonly string[]
  /** Outputs that tell rows apart, or something like it. */
  readonly keys: readonly string[]
  /** Its `k` is what is chosen by. */
  readonly isByChosen: boolean
}

function randomStage(
  { from, where, columns }: Rows,
  chosen: string,
  pick: Pick,
  chance: Chance,
  withAll: readonly string[] = [],
): Stage {
  const body = `${from}${where}`
  const expression = (): string => {
    const column = chance(50) ? chosen : pick(columns)
    return chance(25) ? `${column} / 2` : chance(10) ? `${column} + 1` : column
  }
  const value = (): string => pick(columns)
  const others = [value(), value()]
  const computed = (by: string): string =>
    pick([
      `sum(${value()}) over (partition by ${by})`,
      `rank() over (partition by ${by} order by ${others[0]})`,
      `lag(${others[0]}) over (partition by ${by} order by ${columns.join(', ')})`,
      `count(*) over (order by ${by})`,
    ])
  const aggregate = (): string =>
    pick([
      'count(*)',
      `sum(${value()})`,
      `max(${value()})`,
      `count(distinct ${value()})`,
      `sum(${value()}) filter (where ${value()} > 1)`,
    ])
  const grouped = (by: readonly string[], how: string): Stage => {
    const outputs = by.map((one, i) => `coalesce(${one}, -1) as ${i === 0 ? 'k' : `k${i}`}`)
    const having = chance(20)
      ? ` having ${pick(['count(*) > 1', `max(${value()}) > 1`, `sum(${value()}) < 5`])}`
      : ''
    const keys = by.map((_, i) => (i === 0 ? 'k' : `k${i}`))
    return {
      sql: `select ${outputs.join(', ')}, ${aggregate()} as x, ${aggregate()} as y ${body} group by ${how}${having}`,
      outputs: [...keys, 'x', 'y'],
      keys,
      isByChosen: by[0] === chosen,
    }
  }
  return pick<() => Stage>([
    () => {
      const extra = pick([value(), ...withAll])
      return {
        sql: `select ${chosen} as k, ${others[0]} as k1, ${extra} as x, ${value()} as y ${body}`,
        outputs: ['k', 'k1', 'x', 'y'],
        keys: ['k', 'k1'],
        isByChosen: true,
      }
    },
    () => {
      const by = expression()
      return grouped([by], by)
    },
    () => {
      const by = [expression(), expression()]
      return grouped(
        by,
        chance(70)
          ? by.join(', ')
          : pick([
              `rollup (${by.join(', ')})`,
              `cube (${by.join(', ')})`,
              `grouping sets ((${by.join(', ')}), (${by[0]}))`,
              `${by[0]}, rollup (${by[1]})`,
            ]),
      )
    },
    () => ({
      sql: `select ${chosen} as k, ${others[0]} as k1, ${computed(expression())} as x, ${value()} as y ${body}`,
      outputs: ['k', 'k1', 'x', 'y'],
      keys: ['k', 'k1'],
      isByChosen: true,
    }),
    () => {
      const by = expression()
      return {
        sql: `select distinct on (${by}) ${by} as k, ${columns.map((c, i) => `${c} as c${i}`).join(', ')} ${body} order by ${by}, ${columns.join(', ')}`,
        outputs: ['k', ...columns.map((_, i) => `c${i}`)],
        keys: ['k'],
        isByChosen: by === chosen,
      }
    },
    () => ({
      sql: `select distinct ${chosen} as k, ${others[0]} as k1 ${body}`,
      outputs: ['k', 'k1'],
      keys: ['k', 'k1'],
      isByChosen: true,
    }),
    () => ({
      sql: `select k, k1, x, y from (select ${chosen} as k, ${others[0]} as k1, ${value()} as x, ${value()} as y, row_number() over (partition by ${expression()} order by ${columns.join(', ')}) as nth ${body}) r where nth = 1`,
      outputs: ['k', 'k1', 'x', 'y'],
      keys: ['k', 'k1'],
      isByChosen: true,
    }),
  ])()
}

/** Another query of the same rows beside the first. */
function unionWith(stage: Stage, from: From, choice: Choice, pick: Pick, chance: Chance): Stage {
  const where = [...from.where, ...(choice.condition === undefined ? [] : [choice.condition])]
  const isConstant = chance(30)
  const places = stage.outputs.map((_, i) => {
    if (isConstant) return '7'
    return i === 0 && chance(60) ? choice.column : pick([...from.columns, '0'])
  })
  const rows = ` from ${from.sql}${choice.join ?? ''}${where.length === 0 ? '' : ` where ${where.join(' and ')}`}`
  const how = pick(['union all', 'union', 'except', 'intersect'])
  return {
    ...stage,
    sql: `(${stage.sql}) ${how} (select ${places.join(', ')}${isConstant ? '' : rows})`,
    isByChosen: stage.isByChosen && (isConstant || places[0] === choice.column),
  }
}

/** A query over the first one's rows. */
function wrapped(inner: Stage, pick: Pick, chance: Chance): Stage {
  const { sql, outputs } = inner
  const rows = { from: 'from t', where: '', columns: outputs.map((name) => `t.${name}`) }
  const stage = randomStage(rows, 't.k', pick, chance)
  return {
    ...stage,
    sql: chance(50)
      ? `with t as (${sql}) ${stage.sql}`
      : stage.sql.replaceAll('from t', `from (${sql}) t`),
    isByChosen: stage.isByChosen && inner.isByChosen,
  }
}
