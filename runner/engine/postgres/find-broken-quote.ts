const QUOTE = 0x22
const NEWLINE = 0x0a
const RETURN = 0x0d

/**
 * The line, from 1, on which the first broken quote of a CSV file opens; undefined when all are in order.
 * PostgreSQL reports an unclosed quote at the end of the file, or wherever a later quote happens to end it. A quote is
 * taken as broken when what follows its closing is neither a delimiter nor the end of the line.
 */
export async function findBrokenQuote(
  file: AsyncIterable<Uint8Array>,
  delimiter: string,
): Promise<number | undefined> {
  const delimiterByte = delimiter.charCodeAt(0)
  let line = 1
  let openedAt = 1
  let state: 'outside' | 'inside' | 'closed' = 'outside'
  for await (const chunk of file) {
    for (const byte of chunk) {
      if (byte === NEWLINE) line += 1
      if (state === 'inside') {
        if (byte === QUOTE) state = 'closed'
      } else if (byte === QUOTE) {
        // Straight after a closing quote it is an escaped one, and the field goes on.
        if (state === 'outside') openedAt = line
        state = 'inside'
      } else if (state === 'closed') {
        if (byte !== delimiterByte && byte !== NEWLINE && byte !== RETURN) return openedAt
        state = 'outside'
      }
    }
  }
  return state === 'inside' ? openedAt : undefined
}
