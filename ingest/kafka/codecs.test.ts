import { compressSync } from 'snappy'
import { describe, expect, test } from 'vitest'
import { unsnappy } from './codecs.ts'

describe('snappy', () => {
  test("is read in one bare block, and in Java's stream of blocks", () => {
    const parts = ['first block ', 'x'.repeat(50_000), ' and the last']
    expect(unsnappy(compressSync('bare')).toString()).toBe('bare')
    const blocks = parts.map((part) => {
      const block = compressSync(part)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(block.length)
      return Buffer.concat([length, block])
    })
    const header = Buffer.from('82534e41505059000000000100000001', 'hex')
    expect(unsnappy(Buffer.concat([header, ...blocks])).toString()).toBe(parts.join(''))
  })
})
