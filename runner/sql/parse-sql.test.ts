import { beforeAll, describe, expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import { byteOffsets } from './byte-offsets.ts'
import type { ParseSql } from './parse-sql.ts'
import { isSyntaxError, loadSqlParser } from './parse-sql.ts'

let parseSql: ParseSql
beforeAll(async () => {
  parseSql = await loadSqlParser()
})

describe('parseSql', () => {
  test('a text of blanks and comments has no statements', () => {
    for (const sql of ['', ' \n', '-- nothing', '/* a /* nested */ comment */']) {
      const parsed = parseSql(sql)
      expect(isSyntaxError(parsed) ? parsed : parsed.statements, sql).toEqual([])
    }
  })

  test('a syntax error after letters and emoji outside ASCII is placed by characters', () => {
    const sql = `select 'é🎉' as "größe", from x`
    expect(parseSql(sql)).toEqual({
      message: 'syntax error at or near "from"',
      offset: Array.from(sql.slice(0, sql.indexOf('from'))).length,
    })
  })

  test('a place in the tree, which counts bytes, comes out in characters', () => {
    const sql = `select 'é🎉' as "größe", wanted`
    const parsed = parseSql(sql)
    if (isSyntaxError(parsed)) throw new Error(parsed.message)
    const bytes = Buffer.byteLength(sql.slice(0, sql.indexOf('wanted')))
    expect(JSON.stringify(parsed.statements)).toContain(`"location":${bytes}`)
    expect(parsed.offsetOf(bytes)).toBe(Array.from(sql.slice(0, sql.indexOf('wanted'))).length)
  })
})

describe('byteOffsets', () => {
  test('every character of any text is found from its first byte', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const offsetOf = byteOffsets(text)
        let bytes = 0
        for (const [i, character] of Array.from(text).entries()) {
          expect(offsetOf(bytes)).toBe(i)
          bytes += Buffer.byteLength(character)
        }
        expect(offsetOf(bytes + 5)).toBe(Array.from(text).length)
      }),
    )
  })
})
