import type { Session } from '../engine/adapter.ts'
import type { Transaction } from '../engine/statement.ts'

/** A session that does pieces of work, and where what it sends is written down. */
export interface Worker {
  readonly session: Session
  readonly sent: (transaction: Transaction) => void
}

/** A part of a step that any session can do. It throws only when the session it was given is lost. */
export type Piece<W> = (worker: W) => Promise<void>

/** Pieces of steps that are under way, for whoever has nothing else to do. */
export interface Shared<W> {
  /** Does one piece that nobody has begun; false when there is none. @throws what the piece throws. */
  readonly help: (worker: W) => Promise<boolean>
  readonly hasWork: () => boolean
  /**
   * Does all the pieces, on this worker and on those that help, and comes back when the last one is done.
   * @throws what a piece throws on this very worker, once those under way elsewhere are done; the rest is not begun.
   */
  readonly doAll: (pieces: readonly Piece<W>[], worker: W) => Promise<void>
}

/** @param offer called when there is work to help with. */
export function shareWork<W>(offer: () => void): Shared<W> {
  const waiting: Piece<W>[] = []
  const help = async (worker: W): Promise<boolean> => {
    const piece = waiting.shift()
    if (piece === undefined) return false
    await piece(worker)
    return true
  }
  const doAll = async (pieces: readonly Piece<W>[], own: W): Promise<void> => {
    const under = new Set<Promise<void>>()
    const mine = pieces.map(
      (piece): Piece<W> =>
        (worker) => {
          const running = piece(worker)
          const settled = running.catch(() => undefined)
          under.add(settled)
          void settled.then(() => under.delete(settled))
          return running
        },
    )
    const left = (): number => waiting.findIndex((piece) => mine.includes(piece))
    waiting.push(...mine)
    offer()
    try {
      for (let i = left(); i !== -1; i = left()) await waiting.splice(i, 1)[0]?.(own)
    } finally {
      for (let i = left(); i !== -1; i = left()) waiting.splice(i, 1)
      await Promise.all(under)
    }
  }
  return { help, hasWork: () => waiting.length > 0, doAll }
}
