import type { Adapter, Session } from './adapter.ts'

/**
 * The adapter with sessions that go on when they are closed, as good as new, until the adapter is closed: for whoever opens some every
 * second. What a server keeps by session, such as plans, is then made once.
 */
export function keepSessions(adapter: Adapter): Adapter {
  const idle: Session[] = []

  const keeping = (session: Session): Session => ({
    lock: (key, wait, signal) => session.lock(key, wait, signal),
    unlock: (key) => session.unlock(key),
    query: (statement, signal) => session.query(statement, signal),
    transaction: (transaction, signal, release) =>
      session.transaction(transaction, signal, release),
    waitForOldSnapshots: (timeoutMs, signal) => session.waitForOldSnapshots(timeoutMs, signal),
    reset: () => session.reset(),
    resetSettings: () => session.resetSettings(),
    close: async () => {
      if (await isAsNew(session)) idle.push(session)
      else await session.close()
    },
  })

  return {
    ...adapter,
    async open(signal) {
      for (;;) {
        const kept = idle.pop()
        if (kept === undefined) return keeping(await adapter.open(signal))
        // Its connection may have gone while nobody used it.
        if (await isAsNew(kept)) return keeping(kept)
        await kept.close().catch(() => undefined)
      }
    },
    async close() {
      await Promise.all(idle.splice(0).map((session) => session.close()))
      await adapter.close()
    },
  }
}

async function isAsNew(session: Session): Promise<boolean> {
  try {
    await session.reset()
    return true
  } catch {
    return false
  }
}
