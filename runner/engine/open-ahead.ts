import type { Adapter, Session } from './adapter.ts'

export interface OpenedAhead {
  /** A session of the caller's own; the first one is the one that was opened ahead. */
  readonly take: () => Promise<Session>
  /** Closes the first one where nobody has taken it. */
  readonly close: () => Promise<void>
}

/** Opens a session that is needed soon, and what describes: logging in takes as long as planning a small run. */
export function openAhead(adapter: Adapter, signal: AbortSignal | undefined): OpenedAhead {
  let ahead: Promise<Session> | undefined = adapter.open(signal)
  // Whoever takes it hears of it; and who describes, of the other.
  ahead.catch(() => undefined)
  adapter.describe([]).catch(() => undefined)
  const first = (): Promise<Session> | undefined => {
    const opened = ahead
    ahead = undefined
    return opened
  }
  return {
    take: async () => await (first() ?? adapter.open(signal)),
    close: async () => {
      await first()?.then(
        (session) => session.close(),
        () => undefined,
      )
    },
  }
}
