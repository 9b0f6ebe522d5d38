import { randomBytes } from 'node:crypto'
import { GmError } from '../../base/error.ts'
import type { Session } from '../../engine/adapter.ts'
import type { NodeId } from '../../manifest/node.ts'
import { isBuilt } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import { isPolling } from '../../materialize/polling-history.ts'
import { finishRun, startRun } from '../../state/ledger.ts'
import type { MadeRelation } from '../../state/made-relations.ts'
import { dropMade, readMade } from '../../state/made-relations.ts'
import type { CommandAction } from '../command-spec.ts'
import { confirmByName } from '../confirm-by-name.ts'
import { connect } from '../connect.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, ResetProjectFlags } from '../flags.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { packageVersion } from '../package-version.ts'
import { plural } from '../render/format.ts'
import { tell } from '../tell.ts'

/**
 * Drops what gm has made for this project on this target, and nothing else: raw events stay, so do relations that somebody put in
 * the place of gm's, and what no run could make again.
 */
export const resetCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(ResetProjectFlags, raw)
  const opened = openProject(flags, io)
  const { project } = opened
  const warehouse = await connect(project, io)
  try {
    const session = await warehouse.adapter.open()
    try {
      const made = await readMade(session, project.name, project.target.name, namesOf(opened))
      const lasting: ReadonlySet<string> = flags.allowDestructive
        ? new Set()
        : cannotBeMadeAgain(opened)
      const stays = (one: MadeRelation): boolean => !one.isStillOurs || lasting.has(one.nodeId)
      const dropped = made.filter((one) => !stays(one))
      const kept = made.filter(stays)
      const loud = { ...flags, quiet: false }
      tell('reset-plan', planned(dropped, kept), screen(dropped, kept), loud, io)
      if (dropped.length === 0 || flags.dryRun) return EXIT.ok
      const question = `Drop ${plural(dropped.length, 'relation')} of ${project.name} in ${project.target.database}?`
      if (!flags.yes && !(await confirmByName(project, io, 'gm reset', question))) {
        tell('reset', { dropped: 0 }, 'Nothing was dropped.\n', loud, io)
        return EXIT.notRun
      }
      await drop(dropped, session, opened)
      const done = `${plural(dropped.length, 'relation')} dropped. The next run builds them again.\n`
      tell('reset', { dropped: dropped.length }, done, loud, io)
      return EXIT.ok
    } finally {
      await session.close()
    }
  } finally {
    await warehouse.close()
  }
}

function namesOf({ manifest }: OpenProject): string[] {
  return [...manifest.nodes.values()].flatMap((node) =>
    isBuilt(node) ? [quoted(node.relation)] : [],
  )
}

/** Histories of what rows were when they were looked at, and what its author protects with full_refresh: false. */
function cannotBeMadeAgain({ manifest }: OpenProject): ReadonlySet<NodeId> {
  const ids = new Set<NodeId>()
  for (const node of manifest.nodes.values()) {
    if (!isBuilt(node)) continue
    if (isPolling(node) || node.config.full_refresh === false) ids.add(node.id)
  }
  return ids
}

function planned(dropped: readonly MadeRelation[], kept: readonly MadeRelation[]): object {
  return {
    drop: dropped.map(({ kind, name, estimatedRows }) => ({ kind, name, estimatedRows })),
    keep: kept.map(({ kind, name, isStillOurs }) => ({
      kind,
      name,
      reason: isStillOurs ? CANNOT_BE_MADE : NOT_OURS,
    })),
  }
}

const CANNOT_BE_MADE = 'cannot be made again; --allow-destructive drops it too'
const NOT_OURS = 'is not what gm made'

function screen(dropped: readonly MadeRelation[], kept: readonly MadeRelation[]): string {
  const lines = dropped.map(
    ({ kind, name, estimatedRows }) =>
      `drop  ${kind.padEnd(17)} ${name}${kind === 'view' ? '' : `  about ${plural(estimatedRows, 'row')}`}`,
  )
  const stays = kept.map(
    ({ kind, name, isStillOurs }) =>
      `keep  ${kind.padEnd(17)} ${name}  ${isStillOurs ? CANNOT_BE_MADE : NOT_OURS}`,
  )
  if (lines.length === 0 && stays.length === 0) return 'gm has made nothing here.\n'
  return `${[...lines, ...stays].join('\n')}\n`
}

async function drop(
  dropped: readonly MadeRelation[],
  session: Session,
  { project }: OpenProject,
): Promise<void> {
  for (const { name } of dropped) {
    if (await session.lock(name, false)) continue
    throw new GmError('GM4007', `a run is working on ${name}`, {
      hint: 'Nothing was dropped. Wait for the run to end.',
    })
  }
  const runId = randomBytes(6).toString('hex')
  const { name, target } = project
  await session.query(
    startRun({
      runId,
      command: 'reset',
      project: name,
      target: target.name,
      version: packageVersion(),
    }),
  )
  const begin = new Date()
  const finish = async (status: 'success' | 'error', message: string | null): Promise<void> => {
    await session.query(
      finishRun(
        runId,
        status === 'success' ? 'success' : 'failed',
        dropped.map(({ nodeId, name: relation }) => ({
          nodeId,
          relation,
          action: 'drop',
          reason: 'gm reset',
          status,
          startedAt: begin.toISOString(),
          durationMs: Date.now() - begin.getTime(),
          counts: {},
          failures: null,
          message,
          retries: 0,
        })),
      ),
    )
  }
  try {
    await session.transaction(dropMade(dropped))
  } catch (error) {
    await finish('error', String(error)).catch(() => undefined)
    throw error
  }
  await finish('success', null)
}
