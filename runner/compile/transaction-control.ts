import { sqlTokens } from './sql-tokens.ts'

const STATEMENTS =
  /^(?:begin|start transaction|commit|end|abort|prepare transaction|rollback(?! to| work to| transaction to))\b/

/** Of the first words of a statement, as many as tell what it is. */
const WORDS = 3

/**
 * The first statement of a text that begins or ends a transaction, by its first words; savepoints do neither. Of a function's body
 * in the style of the SQL standard (`begin atomic … end`) the server itself has to tell where it ends: behind one nothing is found.
 */
export function transactionControl(sql: string): string | undefined {
  let words: string[] = []
  let previous = ''
  const found = (): string | undefined => {
    const text = words.join(' ')
    return STATEMENTS.test(text) ? text : undefined
  }
  for (const { kind, start, end } of sqlTokens(sql)) {
    if (kind !== 'other') continue
    const token = sql.slice(start, end).toLowerCase()
    if (previous === 'begin' && token === 'atomic') return undefined
    previous = token
    if (token === ';') {
      const control = found()
      if (control !== undefined) return control
      words = []
    } else if (words.length < WORDS) words.push(token)
  }
  return found()
}
