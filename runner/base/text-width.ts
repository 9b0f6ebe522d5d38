import { createRequire } from 'node:module'
import type stringWidth from 'string-width'

/** Blank to tilde: one column each. */
const PLAIN = /^[ -~]*$/

let measure: typeof stringWidth | undefined

/** The terminal columns that a text takes; colours take none. */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  // Its expressions for emoji take 18 ms to make, which most lines never need.
  measure ??= (createRequire(import.meta.url)('string-width') as { default: typeof stringWidth })
    .default
  return measure(text)
}
