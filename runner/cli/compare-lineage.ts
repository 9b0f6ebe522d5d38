import { GmError } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { LineageCheck, NodeFinding } from './check-project-lineage.ts'
import { checkProjectLineage } from './check-project-lineage.ts'
import type { ExitCode } from './exit-code.ts'
import { EXIT } from './exit-code.ts'
import type { LineageFlags } from './flags.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'
import { plural } from './render/format.ts'
import { withWarehouse } from './with-warehouse.ts'

/** `gm lineage --check`. The answer is yes only where all of the project has been compared. */
export async function compareLineage(
  args: readonly unknown[],
  flags: LineageFlags,
  opened: OpenProject,
  io: Io,
): Promise<ExitCode> {
  if (flags.upstream || flags.downstream || typeof args[0] === 'string') {
    throw new GmError('GM1010', '--check is about the whole project', {
      hint: 'Run `gm lineage --check` without a column.',
    })
  }
  return await withWarehouse(opened.project, io, async (warehouse, signal) => {
    const session = await warehouse.adapter.open(signal)
    try {
      const check = await checkProjectLineage(opened, session, warehouse.runQuery, signal)
      const text = flags.output === 'json' ? `${JSON.stringify(check, null, 2)}\n` : screen(check)
      io.out(io.safe(text))
      return check.different.length + check.unchecked.length === 0 ? EXIT.ok : EXIT.failed
    } finally {
      await session.close()
    }
  })
}

function screen({ alike, different, unchecked }: LineageCheck): string {
  const part = (head: string, findings: readonly NodeFinding[]): string =>
    findings.length === 0
      ? ''
      : `${head}:\n${findings.map(({ at, message }) => `  ${formatLocation(at)}  ${message}\n`).join('')}`
  return [
    `${plural(alike, 'node')} as PostgreSQL itself analyses ${alike === 1 ? 'it' : 'them'}\n`,
    part('different', different),
    part('not compared, mostly because an input is not built', unchecked),
  ].join('')
}
