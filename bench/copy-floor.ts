import { join } from 'node:path'

/**
 * What landing in raw.transactions is measured against: psql's \copy of the very rows that are there now, into `bench_floor`, which has
 * the same columns and the same index, so that both write the same.
 * @returns the command line.
 */
export function copyFloor(psql: (sql: string) => string, url: string, folder: string): string[] {
  const rows = join(folder, 'rows.copy')
  const columns = psql(
    `select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
     where attrelid = 'raw.transactions'::regclass and attnum > 0 and attname <> '_gm_xid'`,
  ).trim()
  psql(`\\copy (select ${columns} from raw.transactions) to '${rows}'`)
  const partition = psql(
    `select inhrelid::regclass from pg_inherits where inhparent = 'raw.transactions'::regclass limit 1`,
  ).trim()
  psql(`create table bench_floor (like ${partition} including all)`)
  const copy = `\\copy bench_floor (${columns}) from '${rows}'`
  return ['psql', url, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', copy]
}
