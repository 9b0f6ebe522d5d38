import type { Manifest } from '../../manifest/node.ts'
import { isBuilt } from '../../manifest/node.ts'
import { quoted } from '../../manifest/quoted.ts'
import { isPolling } from '../../materialize/polling-history.ts'
import type { Rollback } from '../../operate/roll-back.ts'
import { rollBack } from '../../operate/roll-back.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { parseFlags, RollbackFlags } from '../flags.ts'
import { loadSettings } from '../load-settings.ts'
import { manifestIfReadable } from '../manifest-if-readable.ts'
import { packageVersion } from '../package-version.ts'
import { tell } from '../tell.ts'
import { withWarehouse } from '../with-warehouse.ts'

/** Takes back the last all-or-nothing publication, or all after a run. */
export const rollbackCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(RollbackFlags, raw)
  const project = loadSettings({ ...flags, allowsMissingPackages: true }, io)
  const manifest = manifestIfReadable(
    flags,
    io,
    'every snapshot counts as one that no run can make again',
  )
  return await withWarehouse(project, io, async (warehouse, signal) => {
    await warehouse.prepare()
    const session = await warehouse.adapter.open(signal)
    try {
      const done = await rollBack({
        adapter: warehouse.adapter,
        session,
        to: flags.to,
        unrepeatable: flags.allowDestructive ? [] : manifest && lookedAt(manifest),
        isDryRun: flags.dryRun,
        project: project.name,
        targetName: project.target.name,
        version: packageVersion(),
        patienceMs: project.publishWaitMs,
        signal,
      })
      const text = rollbackText(done, flags.dryRun)
      tell('rollback', { isDryRun: flags.dryRun, ...done }, text, { ...flags, quiet: false }, io)
      return EXIT.ok
    } finally {
      await session.close()
    }
  })
}

/** Histories of looks: what they have seen is nowhere else. */
function lookedAt({ nodes }: Manifest): readonly string[] {
  return [...nodes.values()].flatMap((node) =>
    isBuilt(node) && isPolling(node) ? [quoted(node.relation)] : [],
  )
}

function rollbackText({ undone, versions }: Rollback, isDryRun: boolean): string {
  const runs = undone.map(({ runId, publishedAt }) => `run ${runId} of ${publishedAt}`)
  const lines = versions.map(({ relation, kind }) =>
    kind === undefined
      ? `  goes        ${relation}, which was not there before`
      : `  comes back  ${relation}, a ${kind}`,
  )
  const end = isDryRun
    ? 'Nothing was changed.'
    : 'Done. The next run goes on from there, with the marks of that version.'
  return `${isDryRun ? 'Would take back' : 'Took back'} what was published by ${runs.join(', ')}:\n\n${lines.join('\n')}\n\n${end}\n`
}
