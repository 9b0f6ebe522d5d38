import { isUtf8 } from 'node:buffer'
import type { Fault } from '../land/fault.ts'

/** One physical line without its ending. */
export interface Line {
  /** From 1. */
  readonly number: number
  /** Empty where the line is bad. */
  readonly text: string
  readonly bad?: Fault & { readonly rawBytes: Buffer }
}

/** A longer line is no event; more than this of it is never held. */
export const MAX_LINE_BYTES = 1024 * 1024

const LF = 0x0a

/**
 * Splits content into lines, a block of them at a time, so that memory stays bounded by the size of
 * a chunk and of the longest line. `\n` and `\r\n` end a line; a UTF-8 byte order mark is dropped.
 * Lines that are not UTF-8, hold a NUL or are too long come out as bad, one by one.
 */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Line[]> {
  let number = 1
  let rest: Buffer[] = []
  let restBytes = 0
  for await (const chunk of chunks) {
    const first = chunk.indexOf(LF)
    if (first === -1) {
      // Of an endless line its beginning is kept, for the dead letter.
      if (restBytes <= MAX_LINE_BYTES) rest.push(chunk)
      restBytes += chunk.length
      continue
    }
    const lines: Line[] = []
    const last = chunk.lastIndexOf(LF)
    let block = chunk.subarray(0, last)
    if (restBytes > MAX_LINE_BYTES) {
      lines.push(tooLong(number, Buffer.concat(rest), restBytes + first))
      number += 1
      block = chunk.subarray(Math.min(first + 1, last), last)
      if (first !== last) number = splitBlock(block, number, lines)
    } else {
      if (restBytes > 0) block = Buffer.concat([...rest, block])
      number = splitBlock(block, number, lines)
    }
    yield lines
    rest = [chunk.subarray(last + 1)]
    restBytes = chunk.length - last - 1
  }
  if (restBytes === 0) return
  const lines: Line[] = []
  if (restBytes > MAX_LINE_BYTES) lines.push(tooLong(number, Buffer.concat(rest), restBytes))
  else splitBlock(Buffer.concat(rest), number, lines)
  yield lines
}

/** Adds the lines of whole lines without the last ending; gives the number of the line after them. */
function splitBlock(block: Buffer, from: number, lines: Line[]): number {
  let number = from
  if (!isUtf8(block) || block.includes(0)) {
    for (let at = 0; at <= block.length; ) {
      const end = block.indexOf(LF, at)
      const stop = end === -1 ? block.length : end
      lines.push(lineOfBytes(block.subarray(at, stop), number))
      number += 1
      at = stop + 1
    }
    return number
  }
  const text = block.toString('utf8')
  for (let at = 0; at <= text.length; ) {
    const end = text.indexOf('\n', at)
    const stop = end === -1 ? text.length : end
    lines.push(lineOfText(text.slice(at, stop), number))
    number += 1
    at = stop + 1
  }
  return number
}

function lineOfText(text: string, number: number): Line {
  if (text.length * 3 > MAX_LINE_BYTES) {
    const bytes = Buffer.from(text)
    if (bytes.length > MAX_LINE_BYTES) return tooLong(number, bytes, bytes.length)
  }
  const end = text.endsWith('\r') ? text.length - 1 : text.length
  const start = number === 1 && text.startsWith('\uFEFF') ? 1 : 0
  return { number, text: text.slice(start, end) }
}

function lineOfBytes(bytes: Buffer, number: number): Line {
  if (bytes.length > MAX_LINE_BYTES) return tooLong(number, bytes, bytes.length)
  if (!isUtf8(bytes)) return bad(number, bytes, 'invalid_utf8', 'is not UTF-8')
  if (bytes.includes(0)) return bad(number, bytes, 'nul_character', 'holds a NUL character')
  return lineOfText(bytes.toString('utf8'), number)
}

function tooLong(number: number, bytes: Buffer, sizeBytes: number): Line {
  const kept = bytes.subarray(0, MAX_LINE_BYTES)
  return bad(number, kept, 'too_long', `has ${sizeBytes} bytes, over ${MAX_LINE_BYTES}`)
}

function bad(number: number, bytes: Buffer, reason: Fault['reason'], message: string): Line {
  // A copy, so that one bad line does not keep its whole chunk in memory.
  return { number, text: '', bad: { reason, message, rawBytes: Buffer.from(bytes) } }
}
