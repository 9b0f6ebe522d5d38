import type { CustomTypesConfig } from 'pg'

type Parse = (text: string) => unknown

/** `2024-05-06 07:08:09.123456+00` → `2024-05-06T07:08:09.123456Z`: ISO 8601 with all six digits, which a Date loses. */
function isoTimestamp(text: string): string {
  // `infinity` and years BC have no ISO form that others read; they stay as the server writes them.
  if (!/^\d{4}-/.test(text) || text.endsWith('BC')) return text
  return text.replace(' ', 'T').replace(/\+00$/, 'Z')
}

/** By type oid, which PostgreSQL never changes for its own types. Whatever is not here stays text. */
const SCALARS: ReadonlyMap<number, Parse> = new Map<number, Parse>([
  [16, (text) => text === 't'], // bool
  [21, Number], // int2
  [23, Number], // int4
  [26, Number], // oid
  [700, Number], // float4
  [701, Number], // float8
  [114, (text) => JSON.parse(text) as unknown], // json
  [3802, (text) => JSON.parse(text) as unknown], // jsonb
  [1114, isoTimestamp], // timestamp
  [1184, isoTimestamp], // timestamptz
])

/** Array types, with the type of their elements. */
const ARRAYS: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1005, 21],
  [1007, 23],
  [1016, 20], // int8
  [1021, 700],
  [1022, 701],
  [1231, 1700], // numeric
  [1009, 25], // text
  [1015, 1043], // varchar
  [1002, 18], // "char"
  [1003, 19], // name
  [1182, 1082], // date
  [1115, 1114],
  [1185, 1184],
  [2951, 2950], // uuid
  [199, 114],
  [3807, 3802],
])

const asText: Parse = (text) => text

/**
 * How values arrive, for one client (pg's own table is global and shared with whoever else uses pg in the process):
 * int8 and numeric as text because a double cannot hold them, dates as `YYYY-MM-DD`, timestamps as ISO 8601,
 * json parsed, small numbers and booleans as such, arrays of these, everything else as PostgreSQL writes it.
 */
export function typeParsers(
  parseArray: (source: string, transform: Parse) => unknown[],
): CustomTypesConfig {
  return {
    getTypeParser: (oid: number) => {
      const element = ARRAYS.get(oid)
      if (element === undefined) return SCALARS.get(oid) ?? asText
      const parse = SCALARS.get(element) ?? asText
      return (text: string) => parseArray(text, parse)
    },
  }
}
