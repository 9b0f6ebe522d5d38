import { countCodePoints } from '../base/code-points.ts'
import type { Compiled } from '../compile/compiled.ts'
import type { Statement } from '../engine/statement.ts'
import type { Constraint, ModelNode } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import { indexName } from './hidden-name.ts'

/** A constraint that is added to the hidden table. */
export interface TableConstraint {
  readonly name: string
  /** It has an index, whose name no other table of the schema may have: it gets its own when the table is published. */
  readonly isKey: boolean
  readonly sql: string
}

/**
 * Refuses a query whose columns are not those of the model's contract, before anything is written. Types are compared without
 * their lengths and scales, as in dbt: the values are cast to the contract's. Nothing for a model without a contract.
 */
export function checkContract(node: ModelNode, compiled: Compiled): readonly Statement[] {
  const { contract } = node
  const { contracted } = compiled
  if (contract === undefined || contracted === undefined) return []
  const head = 'create temporary table _gm_query on commit drop as\nselect * from (\n'
  const columns = contract.columns.map(({ name, type }) => `${identifier(name)} ${type}`)
  return [
    {
      purpose: 'probe columns',
      sql: `${head}${contracted.sql}\n) as probed\nwith no data`,
      user: { node: node.id, offset: countCodePoints(head) - contracted.offset },
    },
    {
      purpose: 'contract',
      sql: `create temporary table _gm_contract (${columns.join(', ')}) on commit drop`,
    },
    {
      purpose: 'check contract',
      sql: COMPARE,
      refusal: {
        code: 'GM4032',
        message: 'the query does not give what the contract promises:',
        hint: 'Change the query or the contract: names and types must be the same.',
        isTable: true,
      },
    },
    { purpose: 'check contract', sql: 'drop table _gm_query, _gm_contract' },
  ]
}

/** One row for each column that differs, in the words of dbt. */
const COMPARE = `with columns as (
  select attrelid, attnum, attname::text as name, atttypid, format_type(atttypid, null) as type
  from pg_attribute
  where attrelid in ('pg_temp._gm_query'::regclass, 'pg_temp._gm_contract'::regclass) and attnum > 0
    and attname not in ('_gm_xid', '_gm_version_xid')
)
select
  name as column_name,
  coalesce(q.type, '') as definition_type,
  coalesce(c.type, '') as contract_type,
  case
    when c.name is null then 'missing in contract'
    when q.name is null then 'missing in definition'
    else 'data type mismatch'
  end as mismatch_reason
from (select * from columns where attrelid = 'pg_temp._gm_query'::regclass) as q
full join (select * from columns where attrelid = 'pg_temp._gm_contract'::regclass) as c using (name)
where q.atttypid is distinct from c.atttypid
order by c.attnum nulls last, q.attnum`

/** The columns that the contract wants to be filled. */
export function notNullOf({ contract }: ModelNode): readonly string[] {
  return (contract?.constraints ?? []).flatMap(({ type, columns }) =>
    type === 'not_null' ? columns : [],
  )
}

/** The constraints of the contract's table; those for not null are elsewhere. */
export function constraintsOf({ contract, relation }: ModelNode): readonly TableConstraint[] {
  const taken = new Set<string>()
  const free = (wanted: string): string => {
    let name = wanted
    for (let i = 1; taken.has(name); i++) name = `${wanted}${i}`
    taken.add(name)
    return name
  }
  const constraints = contract?.constraints ?? []
  // A key that is listed as unique too is the primary one.
  const primary = constraints.filter(({ type }) => type === 'primary_key')
  return [...new Set([...primary, ...constraints])].flatMap((constraint) => {
    const { type, columns } = constraint
    if (type === 'not_null') return []
    const isKey = type === 'primary_key' || type === 'unique'
    // Such a name is the table's own, whatever the table is called while it is built.
    const plain = [...columns, type === 'foreign_key' ? 'fkey' : 'check'].join('_')
    const name = isKey ? indexName(relation.identifier, columns, true) : (constraint.name ?? plain)
    if (isKey && taken.has(name)) return []
    return { name: free(name), isKey, sql: sqlOf(constraint) }
  })
}

function sqlOf({ type, columns, expression = '', to, toColumns = [] }: Constraint): string {
  const names = list(columns)
  switch (type) {
    case 'primary_key':
      return `primary key (${names}) ${expression}`.trimEnd()
    case 'unique':
      return `unique (${names}) ${expression}`.trimEnd()
    case 'foreign_key': {
      const keys = toColumns.length === 0 ? '' : ` (${list(toColumns)})`
      const target = to === undefined ? expression : `${to}${keys}`
      return `foreign key (${names}) references ${target}`
    }
    case 'check':
      return `check (${expression})`
    case 'custom':
    case 'not_null':
      return expression
  }
}

function list(columns: readonly string[]): string {
  return columns.map(identifier).join(', ')
}
