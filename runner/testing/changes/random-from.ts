export type Table = keyof typeof TABLES

/** Orders have a user and a product; prices hold for a range of days. */
export const TABLES = {
  orders: ['id', 'u', 'p', 'd', 'a'],
  users: ['u', 'c', 'n'],
  prices: ['r', 'p', 'lo', 'hi', 'v'],
} as const

/** The column of a table that is unique in it. */
export const PRIMARY: Readonly<Record<Table, string>> = { orders: 'id', users: 'u', prices: 'r' }

export interface From {
  readonly sql: string
  readonly where: readonly string[]
  /** What can be grouped by, with the table and column that it is. */
  readonly columns: readonly string[]
  /** The tables by their alias. */
  readonly tables: ReadonlyMap<string, Table>
  /** Equal in all rows. */
  readonly equal: readonly (readonly [string, string])[]
  /** Columns that are those of a table which is read further in, perhaps in all that they stand for and perhaps not. */
  readonly inside?: readonly (readonly [Table, string, string])[]
}

const ALIAS: Readonly<Record<Table, string>> = { orders: 'o', users: 'us', prices: 'pr' }

export type Pick = <T>(of: readonly T[]) => T

function single(table: Table): From {
  const alias = ALIAS[table]
  return {
    sql: `raw.${table} ${alias}`,
    where: [],
    columns: TABLES[table].map((name) => `${alias}.${name}`),
    tables: new Map([[alias, table]]),
    equal: [],
  }
}

const orders = TABLES.orders.map((name) => `o.${name}`)
const users = TABLES.users.map((name) => `us.${name}`)
const prices = TABLES.prices.map((name) => `pr.${name}`)
const both = (one: Table, other: Table): ReadonlyMap<string, Table> =>
  new Map([
    [ALIAS[one], one],
    [ALIAS[other], other],
  ])

function joined(
  sql: string,
  other: 'users' | 'prices',
  equal: From['equal'],
  columns: readonly string[] = [...orders, ...(other === 'users' ? users : prices)],
  where: readonly string[] = [],
): From {
  return { sql, where, columns, tables: both('orders', other), equal }
}

/** Tables, joined in one of the ways in which people join them. */
export function randomFrom(pick: Pick): From {
  const outer = (): string => pick(['join', 'join', 'join', 'left join', 'right join', 'full join'])
  const u = [['o.u', 'us.u']] as const
  const p = [['o.p', 'pr.p']] as const
  const range = pick([
    'o.d between pr.lo and pr.hi',
    'o.d >= pr.lo',
    'o.d > pr.lo and o.d < pr.hi and o.p = pr.p',
    'o.d / 2 = pr.lo',
  ])
  return pick<() => From>([
    () => single('orders'),
    () => single('orders'),
    () => single('users'),
    () => joined(`raw.orders o ${outer()} raw.users us on us.u = o.u`, 'users', u),
    () => joined(`raw.users us ${outer()} raw.orders o on us.u = o.u`, 'users', u),
    () => joined(`raw.orders o ${outer()} raw.users us using (u)`, 'users', u),
    () => joined('raw.orders o natural join raw.users us', 'users', u),
    () => joined(`raw.orders o ${outer()} raw.prices pr on pr.p = o.p`, 'prices', p),
    () => joined('raw.orders o, raw.users us', 'users', u, undefined, ['o.u = us.u']),
    () => joined(`raw.orders o join raw.prices pr on ${range}`, 'prices', []),
    () => joined(`raw.orders o left join raw.prices pr on ${range}`, 'prices', []),
    () => joined('raw.orders o cross join raw.users us', 'users', []),
    () => ({
      ...joined(
        'raw.orders o cross join lateral (select z.c, z.n from raw.users z where z.u = o.u) us',
        'users',
        [],
        [...orders, 'us.c', 'us.n'],
      ),
      tables: new Map([['o', 'orders' as const]]),
    }),
    () => ({
      ...single('orders'),
      sql: `raw.orders o ${pick(['cross join lateral', ','])} ${pick([
        'generate_series(o.d, o.d + 1)',
        'unnest(array[o.d, o.p])',
      ])} g(x)`,
      columns: [...orders, 'g.x'],
    }),
    () => ({
      ...single('users'),
      sql: 'raw.users us cross join lateral (select sum(z.a) as t, max(z.d) as m from raw.orders z where z.u = us.u) s',
      columns: [...users, 's.t'],
    }),
    () => ({
      ...single('orders'),
      inside: [['orders', 'u', 'o.u']],
      where: [
        pick([
          'o.u in (select z.u from raw.orders z where z.a > 1)',
          'o.u in (select z.p from raw.orders z where z.a > 1)',
          'not exists (select from raw.orders z where z.u = o.u and z.a < o.a)',
          'exists (select from raw.orders z where z.d < o.d and z.a < o.a)',
          'o.u in (select z.u from raw.users z where z.c > 1)',
          'exists (select from raw.users z where z.u = o.u and z.c = 1)',
          'not exists (select from raw.prices z where z.p = o.p and z.v > 2)',
        ]),
      ],
    }),
    () => itself(outer(), pick),
    () => itself('join', pick),
    () => further(pick),
    () => further(pick),
    () => ({
      sql: 'raw.orders o join raw.users us on us.u = o.u join raw.prices pr on pr.p = o.p',
      where: [],
      columns: [...orders, ...users, ...prices],
      tables: new Map([
        ['o', 'orders'],
        ['us', 'users'],
        ['pr', 'prices'],
      ]),
      equal: [...u, ...p],
    }),
  ])()
}

/** A table beside itself. */
function itself(join: string, pick: Pick): From {
  const [one, other] = pick([
    ['o.p', 'q.id'],
    ['o.u', 'q.u'],
    ['o.id', 'q.id'],
    ['o.u', 'q.p'],
  ] as const)
  const right = pick([
    'raw.orders',
    '(select * from raw.orders)',
    '(select z.* from raw.orders z where z.a > 0)',
  ])
  return {
    sql: `raw.orders o ${join} ${right} q on ${one} = ${other}`,
    where: [],
    columns: [...orders, 'q.id', 'q.a', 'q.u'],
    tables: new Map([
      ['o', 'orders'],
      ['q', 'orders'],
    ]),
    equal: [[one, other]],
  }
}

/** A table that is read further in: grouped, numbered, cut off or followed from row to row. */
function further(pick: Pick): From {
  const rows = pick([
    'select u, sum(a) as t from raw.orders group by u',
    'select u, p as t from raw.orders group by u, p',
    'select p as u, count(*) as t from raw.orders group by p',
    'select u, rank() over (order by a) as t from raw.orders',
    'select u, sum(a) over (partition by u) as t from raw.orders',
    'select u, sum(a) over (partition by p) as t from raw.orders',
    'select distinct on (u) u, a as t from raw.orders order by u, a, id',
    'select distinct on (a) u, a as t from raw.orders order by a, id',
    'select u, a as t from raw.orders order by a, id limit 3',
    'select u, a as t from raw.orders union select p, d from raw.orders',
    'select u, p as t from raw.orders except select u, d from raw.orders',
    'select u, p as t from raw.orders intersect all select d, p from raw.orders',
    'select z.u, y.a as t from raw.orders z join raw.orders y on y.id = z.p',
    'select z.u, y.a as t from raw.orders z left join raw.orders y on y.u = z.u',
    'with recursive r (id, u) as (select id, u from raw.orders where p = 0 union select z.id, r.u from r join raw.orders z on z.p = r.id) select u, id as t from r',
    'with y as (select u, a from raw.orders) select u, (select sum(z.a) from y z where z.u = y.u) as t from y',
    'with y as (select u, a from raw.orders) select u, (select sum(z.a) from y z where z.a >= y.a) as t from y',
  ])
  const join = pick([
    `raw.users us join (${rows}) w on w.u = us.u`,
    `raw.users us left join (${rows}) w on w.u = us.u`,
    `raw.users us cross join lateral (select * from (${rows}) v where v.u = us.u) w`,
    `(${rows}) w join raw.users us on us.n = w.u`,
    `(select * from (${rows}) v) w join raw.users us using (u)`,
  ])
  return {
    sql: join,
    where: [],
    columns: [...users, 'w.t', 'w.u'],
    tables: new Map([['us', 'users']]),
    equal: [],
    inside: [
      ['orders', 'u', 'us.u'],
      ['orders', 'u', 'w.u'],
      ['orders', 'p', pick(['us.u', 'w.t'])],
    ],
  }
}
