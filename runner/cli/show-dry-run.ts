import { GmErrors } from '../base/error.ts'
import { foresee } from '../operate/plan-report.ts'
import type { ExitCode } from './exit-code.ts'
import { EXIT } from './exit-code.ts'
import type { Io } from './io.ts'
import { readProjectFile } from './read-project-file.ts'
import { renderError } from './render/error.ts'
import { jsonError } from './render/json-event.ts'
import { jsonPlan, renderPlan } from './render/plan-screen.ts'
import { styleFor } from './render/style.ts'
import type { NodesToRun } from './run-nodes.ts'
import { runRequest } from './run-nodes.ts'
import type { ScreenOptions } from './run-screen.ts'

/** `--dry-run`: the steps on stdout, for people, scripts or psql; on stderr what would fail. */
export async function showDryRun(
  asked: NodesToRun,
  { format, level }: ScreenOptions,
  io: Io,
): Promise<ExitCode> {
  const { opened, warehouse, signal } = asked
  const style = styleFor(io.colour)
  const session = await warehouse.adapter.open(signal)
  try {
    const request = runRequest(asked, () => undefined)
    const { planned, problems } = await foresee(request, opened.graph, session)
    const { plan } = planned
    io.out(io.safe(format === 'json' ? jsonPlan(plan) : renderPlan(plan, level === 'debug', style)))
    if (problems.length === 0) return EXIT.ok
    const errors = problems.map(({ error }) => error)
    const readText = (file: string): string | undefined =>
      readProjectFile(opened.project.root, file)
    io.err(
      format === 'json'
        ? errors.map((error) => `${jsonError(error, 'error', io.now())}\n`).join('')
        : `\n${renderError(new GmErrors(errors), { style, readText })}`,
    )
    return EXIT.failed
  } finally {
    await session.close()
  }
}
