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
      where: [
        pick([
          'o.u in (select z.u from raw.users z where z.c > 1)',
          'exists (select from raw.users z where z.u = o.u and z.c = 1)',
          'not exists (select from raw.prices z where z.p = o.p and z.v > 2)',
        ]),
      ],
    }),
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
