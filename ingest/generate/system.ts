import type { Topic } from '../topics/topic.ts'
import type { Message } from './message.ts'
import type { GenerateOptions } from './options.ts'
import type { NonEmpty } from './random.ts'

/** What can be taken out of a topic's events. */
export interface Removable {
  /** Without one of these an event is refused. */
  readonly required: NonEmpty<string>
  /** Without one of these it is landed; there may be none. */
  readonly optional: readonly string[]
}

/** Topics whose events are generated together, because they tell of the same users. */
export interface System {
  readonly topics: readonly Topic[]
  /** By topic. */
  readonly removable: Readonly<Record<string, Removable>>
  /**
   * All that happens, by time: `events` messages within the days.
   * @param run part of the ids; two runs that land in one warehouse need different ones
   */
  messages(options: GenerateOptions, run: string): Iterable<Message>
}
