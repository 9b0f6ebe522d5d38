import { GmError } from '../base/error.ts'
import type { Node } from '../manifest/node.ts'
import type { Change, EarlierState } from './earlier-state.ts'
import { oneOf } from './one-of.ts'

const PARTS: readonly Change[] = [
  'body',
  'configs',
  'persisted_descriptions',
  'relation',
  'macros',
  'contract',
]
const STATES = ['new', 'old', 'modified', 'unmodified', ...PARTS.map((part) => `modified.${part}`)]

const RESULTS = [
  'success',
  'error',
  'fail',
  'warn',
  'skipped',
  'pass',
  'partial success',
  'runtime error',
  'no-op',
  'reused',
]

/** `state:new|old|modified|unmodified|modified.<part>`. A new node is modified in every part but its macros. */
export function stateMatcher(value: string, state: EarlierState | undefined) {
  oneOf(value, STATES)
  const earlier = givenState(state, `state:${value}`)
  const part = value.startsWith('modified.')
    ? (value.slice('modified.'.length) as Change)
    : undefined
  return (node: Node): boolean => {
    const changes = earlier.changesOf(node)
    if (value === 'new') return changes === undefined
    if (value === 'old') return changes !== undefined
    if (value === 'unmodified') return changes?.size === 0
    if (part === undefined) return changes === undefined || changes.size > 0
    return changes === undefined ? part !== 'macros' : changes.has(part)
  }
}

/** `result:<status>` of the earlier run. */
export function resultMatcher(value: string, state: EarlierState | undefined) {
  oneOf(value, RESULTS)
  const results = givenState(state, `result:${value}`).results()
  return (node: Node): boolean => results.get(node.id) === value
}

/** `source_status:fresher`. */
export function sourceStatusMatcher(value: string, state: EarlierState | undefined) {
  oneOf(value, ['fresher'])
  const fresher = givenState(state, `source_status:${value}`).fresherSources()
  return (node: Node): boolean => fresher.has(node.id)
}

function givenState(state: EarlierState | undefined, text: string): EarlierState {
  if (state !== undefined) return state
  throw new GmError('GM3011', `"${text}" compares with an earlier run, and none is given`, {
    hint: 'Pass --state with the folder that holds its artifacts, such as a copy of target/.',
  })
}
