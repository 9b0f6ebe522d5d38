/** An event as it happens, whether anybody hears of it or not: the sending adds the dirt. */
export interface Message {
  readonly topic: string
  /** By which its topic is partitioned, mostly the user; null for a guest. */
  readonly key: string | null
  readonly atMs: number
  /** The event as JSON in one line. */
  readonly text: string
}
