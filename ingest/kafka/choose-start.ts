import type { TopicPlan } from '../config/ingest-config.ts'
import type { OffsetRange } from './broker.ts'

/** What PostgreSQL knows of a partition, and the broker now. */
export interface StartFacts {
  /** -1 where nothing was ever landed from it. */
  readonly nextOffset: number
  readonly range: OffsetRange
  /** Another partition of the topic has been landed from. */
  readonly isAddedPartition: boolean
  /** The cluster that the offsets belong to is not this one, or the last landed record is another now. */
  readonly isRecreated: boolean
  /** First offset of the configured moment; undefined unless the policy names one. */
  readonly offsetAtStart: number | undefined
}

export type StartChoice =
  | { readonly at: number; readonly gap?: 'out_of_range' | 'recreated' }
  | { readonly stop: 'out_of_range' | 'recreated' | 'start_out_of_range' }

/** Where landing goes on: the policies of `ingest.yml`, applied to one partition. */
export function chooseStart(
  facts: StartFacts,
  policy: Pick<TopicPlan, 'start' | 'onOutOfRange' | 'onRecreated'>,
): StartChoice {
  const { nextOffset, range } = facts
  if (nextOffset < 0) return chooseFirst(facts, policy.start)
  // A topic never becomes shorter by itself.
  if (facts.isRecreated || nextOffset > range.high) {
    if (policy.onRecreated === 'stop') return { stop: 'recreated' }
    return { at: range.low, gap: 'recreated' }
  }
  if (nextOffset < range.low) {
    if (policy.onOutOfRange === 'stop') return { stop: 'out_of_range' }
    const at = policy.onOutOfRange === 'earliest' ? range.low : range.high
    return { at, gap: 'out_of_range' }
  }
  return { at: nextOffset }
}

function chooseFirst(facts: StartFacts, start: TopicPlan['start']): StartChoice {
  const { range } = facts
  // What was written to a new partition before it was found must not be skipped.
  if (start === 'earliest' || facts.isAddedPartition) return { at: range.low }
  if (start === 'latest') return { at: range.high }
  if ('timestampMs' in start) return { at: facts.offsetAtStart ?? range.high }
  if (start.offset < range.low || start.offset > range.high) return { stop: 'start_out_of_range' }
  return { at: start.offset }
}
