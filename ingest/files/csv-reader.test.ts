import { parse } from 'csv-parse/sync'
import { describe, expect, test } from 'vitest'
import fc from '../../runner/testing/fast-check.ts'
import { CsvReader } from './csv-reader.ts'
import { readLines } from './read-lines.ts'

/** Reads a text cut into chunks of some bytes: `line: cells` or `line! reason`. */
async function read(text: string, chunkBytes = 7): Promise<string[]> {
  const bytes = Buffer.from(text)
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      yield await Promise.resolve(bytes.subarray(at, at + chunkBytes))
    }
  }
  const reader = new CsvReader(',')
  const found = []
  for await (const lines of readLines(chunks())) found.push(...reader.read(lines))
  found.push(...reader.end())
  return found.map((r) =>
    'reason' in r ? `${r.line}! ${r.reason}` : `${r.line}: ${r.cells.join('|')}`,
  )
}

describe('reading CSV', () => {
  test('lines are counted as they stand in the file, also behind quoted line breaks', async () => {
    expect(await read('a,b\n"x\ny",1\n\nz,2\n')).toEqual(['1: a|b', '2: x\ny|1', '5: z|2'])
  })

  test('a quote inside a cell is a character, and a doubled one inside quotes too', async () => {
    expect(await read('a,b\n5" pipe,"6"" pipe"\n')).toEqual(['1: a|b', '2: 5" pipe|6" pipe'])
  })

  test('a quote that swallows lines up to the next quote costs its own line only', async () => {
    expect(await read('a,b\n"x,1\ny,2\n"z",3\nw,4')).toEqual([
      '1: a|b',
      '2! broken_quote',
      '3: y|2',
      '4: z|3',
      '5: w|4',
    ])
  })

  test('several open quotes at the end cost their own lines only', async () => {
    expect(await read('a,b\n"x,1\n"y,2\nz,3')).toEqual([
      '1: a|b',
      '2! broken_quote',
      '3! broken_quote',
      '4: z|3',
    ])
  })

  test('a bad line inside an open quote breaks the quote and is told itself', async () => {
    expect(await read('a,b\n"x,1\ny\0,2\nz,3')).toEqual([
      '1: a|b',
      '2! broken_quote',
      '3! nul_character',
      '4: z|3',
    ])
  })

  test('what RFC 4180 allows is read as csv-parse reads it, wherever the chunks are cut', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', ' '), maxLength: 6 })
    const rows = fc.array(fc.tuple(cell, cell, fc.constant('end')), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(rows, fc.integer({ min: 1, max: 20 }), async (table, chunkBytes) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`
        const text = table.map((row) => row.map(quote).join(',')).join('\n')
        const expected = parse(text).map((row) => row.join('|'))
        expect((await read(text, chunkBytes)).map((r) => r.replace(/^\d+: /, ''))).toEqual(expected)
      }),
    )
  })
})
