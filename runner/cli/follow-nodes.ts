import { GmError } from '../base/error.ts'
import { LANDING_CHANNEL } from '../base/landing-channel.ts'
import type { Listening } from '../engine/adapter.ts'
import { keepSessions } from '../engine/keep-sessions.ts'
import { reach } from '../graph/reach.ts'
import type { NodeId } from '../manifest/node.ts'
import { Doorbell } from '../run/doorbell.ts'
import { follow } from '../run/follow.ts'
import { runProject } from '../run/run-project.ts'
import type { Io } from './io.ts'
import { asOfVars } from './load-settings.ts'
import { followLevel, followLine, jsonFollow } from './render/follow-line.ts'
import { showsAt } from './render/json-event.ts'
import type { NodesToRun } from './run-nodes.ts'
import { runRequest } from './run-nodes.ts'
import type { ScreenOptions } from './run-screen.ts'
import { selectFor } from './select-for.ts'

/**
 * Runs the nodes, and the models that they are made of, again and again until the signal aborts: woken by landings, and at every tick. What depends on now takes the
 * clock at the beginning of each run, to the millisecond, unless the user told a moment. One line for each run in which
 * something was new.
 */
export async function followNodes(
  given: NodesToRun,
  options: ScreenOptions,
  io: Io,
): Promise<void> {
  const { flags, opened, signal } = given
  const adapter = keepSessions(given.warehouse.adapter)
  const asked = {
    ...given,
    warehouse: { ...given.warehouse, adapter },
    selected: withWhatTheyRead(given, io),
  }
  const doorbell = new Doorbell()
  let listening: Listening | undefined
  /** Without it, ticks do: a lost connection is opened again with the next run. */
  const listen = async (): Promise<void> => {
    if (listening?.isLost() === false) return
    listening = await adapter.listen?.(LANDING_CHANNEL, () => doorbell.ring(io.now()))
  }
  try {
    await follow({
      run: async (now) => {
        await listen()
        const vars =
          flags.asOf === undefined
            ? { ...opened.project.vars, ...asOfVars(now.toISOString()) }
            : opened.project.vars
        const atNow = { ...asked, opened: { ...opened, project: { ...opened.project, vars } } }
        return await runProject({
          ...runRequest(atNow, () => undefined),
          // It tries again by itself.
          asked: undefined,
          command: 'follow',
          isRound: true,
        })
      },
      doorbell,
      tickMs: flags.tick,
      now: io.now,
      tell: (event) => {
        if (event.type === 'follow-failed') throwBug(event.error)
        if (!showsAt(followLevel(event), options.level)) return
        const now = io.now()
        io.out(
          io.safe(
            options.format === 'json'
              ? `${jsonFollow(event, now)}\n`
              : `${followLine(event, now)}\n`,
          ),
        )
      },
      signal,
    })
  } finally {
    await listening?.close().catch(() => undefined)
    await adapter.close().catch(() => undefined)
  }
}

/** A model stays as it is while those that it reads do: they are followed with it, but for those that the user left out. */
function withWhatTheyRead({ flags, opened, selected }: NodesToRun, io: Io): ReadonlySet<NodeId> {
  const { graph, manifest } = opened
  const leftOut =
    flags.exclude.length === 0
      ? undefined
      : selectFor(opened, { ...flags, select: flags.exclude, exclude: [], job: [] }, io)
  const read = [...reach(graph, selected, 'up')].filter(
    (id) => manifest.nodes.get(id)?.kind === 'model' && leftOut?.has(id) !== true,
  )
  return new Set([...selected, ...read])
}

/** What no database and no model can cause is not worth another try. */
function throwBug(error: Error | undefined): void {
  if (error !== undefined && !(error instanceof GmError)) throw error
}
