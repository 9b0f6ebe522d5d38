import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { Token } from './template-tags.ts'
import { templateTags } from './template-tags.ts'

/** A literal `ref('x')` or `source('s', 't')` found in the text of a template. */
export interface ScannedCall {
  readonly callee: 'ref' | 'source'
  readonly args: readonly string[]
  readonly at: Location
  readonly insideChanges: boolean
  /** All conditions around the call are made of `execute`, `is_incremental()`, `not`, `and` and `or` alone. */
  readonly isCertain: boolean
}

const ALWAYS_KNOWN = new Set(['execute', 'is_incremental', 'not', 'and', 'or', 'true', 'false'])

/**
 * Finds the literal calls that stand under a condition on `execute`. Parsing renders with `execute` false, so
 * rendering alone would miss what such a branch reads, and the node could run before its inputs.
 */
export function scanExecuteCalls(file: string, text: string): readonly ScannedCall[] {
  if (!text.includes('execute')) return []
  const calls: ScannedCall[] = []
  /** Words of the conditions of the `if` blocks that are open, outermost first. */
  const conditions: string[][] = []

  for (const tag of templateTags(text)) {
    const words = tag.tokens.filter(({ text: word }) => /^[A-Za-z_]/.test(word)).map((t) => t.text)
    if (tag.isStatement) {
      if (words[0] === 'if') conditions.push(words.slice(1))
      else if (words[0] === 'elif') conditions.at(-1)?.push(...words.slice(1))
      else if (words[0] === 'endif') conditions.pop()
    }
    const around = conditions.flat()
    // `{{ ref('a') if execute else ref('b') }}` has its condition in the tag itself.
    const isInline = tag.tokens.some((token) => token.text === 'execute')
    if (!isInline && !around.includes('execute')) continue
    const isCertain = around.every((word) => ALWAYS_KNOWN.has(word))
    for (const call of literalCalls(tag.tokens)) {
      calls.push({
        callee: call.callee,
        args: call.args,
        insideChanges: call.insideChanges,
        at: locationAt(text, call.offset, file),
        isCertain,
      })
    }
  }
  return calls
}

function* literalCalls(tokens: readonly Token[]): Generator<{
  callee: 'ref' | 'source'
  args: string[]
  offset: number
  insideChanges: boolean
}> {
  for (const [i, token] of tokens.entries()) {
    if (token.text !== 'ref' && token.text !== 'source') continue
    if (tokens[i + 1]?.text !== '(' || tokens[i - 1]?.text === '.') continue
    const args: string[] = []
    let at = i + 2
    for (let argument = tokens[at]; argument !== undefined; argument = tokens[at]) {
      const literal = /^(['"])([^]*)\1$/.exec(argument.text)?.[2]
      if (literal === undefined) break
      args.push(literal)
      at += tokens[at + 1]?.text === ',' ? 2 : 1
    }
    if (tokens[at]?.text !== ')' || args.length === 0) continue
    const insideChanges = tokens[i - 1]?.text === '(' && tokens[i - 2]?.text === 'changes'
    yield { callee: token.text, args, offset: token.offset, insideChanges }
  }
}
