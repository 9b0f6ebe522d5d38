import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { findBrokenQuote } from './find-broken-quote.ts'

/** In chunks of three bytes, so that every state meets the edge of a chunk. */
async function find(text: string): Promise<number | undefined> {
  const bytes = Buffer.from(text)
  const chunks = Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) =>
    bytes.subarray(3 * i, 3 * i + 3),
  )
  return await findBrokenQuote(Readable.from(chunks), ',')
}

test.for([
  ['nothing', ''],
  ['no quotes', 'a,b\n1,2\n'],
  ['fields over several lines', 'a\n"x\ny\nz"\n"1"\r\n'],
  ['doubled quotes', 'a,b\n"say ""hi""",""\n"""",1'],
])('a file with %s is in order', async ([, text = '']) => {
  expect(await find(text)).toBeUndefined()
})

test.for([
  ['that is never closed', 'a\n1\n"x\n2\n3\n', 3],
  ['that the next quoted field closes', 'a,b\n"x,1\n2,"y"\n3,"z"\n', 2],
  ['after a field over several lines', 'a\n"x\ny"\n"z\n', 4],
] as const)('a quote %s is found where it opens', async ([, text, line]) => {
  expect(await find(text)).toBe(line)
})
