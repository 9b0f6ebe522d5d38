import type { NodeKind } from '../../manifest/node.ts'
import type { PlanReport } from '../../operate/plan-report.ts'
import { planReport } from '../../operate/plan-report.ts'
import type { CommandAction } from '../command-spec.ts'
import { connect } from '../connect.ts'
import { deferred } from '../defer.ts'
import type { ExitCode } from '../exit-code.ts'
import { EXIT } from '../exit-code.ts'
import type { PlanFlags as Flags } from '../flags.ts'
import { PlanFlags, parseFlags } from '../flags.ts'
import type { Io } from '../io.ts'
import type { OpenProject } from '../open-project.ts'
import { openProject } from '../open-project.ts'
import { projectLineage } from '../project-lineage.ts'
import { readProjectFile } from '../read-project-file.ts'
import { refuseLostChanges } from '../refuse-lost-changes.ts'
import { planDocument } from '../render/plan-document.ts'
import { planMarkdown } from '../render/plan-markdown.ts'
import { planText } from '../render/plan-text.ts'
import { styleFor } from '../render/style.ts'
import { runRequest } from '../run-nodes.ts'
import { selectFor } from '../select-for.ts'
import { watchSignals } from '../watch-signals.ts'
import { withColumns } from '../with-columns.ts'

const KINDS: readonly NodeKind[] = ['model', 'seed', 'snapshot', 'test']

/** Shows what `gm build` would do as the warehouse stands now. Changes nothing. */
export const planCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(PlanFlags, raw)
  const opened = await withColumns(openProject(flags, io), flags)
  const selected = selectFor(opened, flags, io, KINDS)
  await refuseLostChanges(opened, selected)
  const { signal, stop } = watchSignals(() => undefined)
  const warehouse = await connect(opened.project, io)
  try {
    const seen = await deferred(opened, selected, flags, io, (relations) =>
      warehouse.adapter.describe(relations),
    )
    const request = runRequest(
      { command: 'build', flags, opened: seen, selected, warehouse, signal },
      () => undefined,
    )
    const session = await warehouse.adapter.open(signal)
    try {
      const { report } = await planReport(request, seen.graph, () => projectLineage(seen), session)
      show(report, seen, flags, io)
      return exitCodeOf(report, flags)
    } finally {
      await session.close()
    }
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted
    throw error
  } finally {
    stop()
    await warehouse.close()
  }
}

function show(report: PlanReport, { manifest, project }: OpenProject, flags: Flags, io: Io): void {
  const form = flags.logFormat === 'json' ? 'json' : flags.output
  if (form === 'json') {
    io.out(`${io.safe(JSON.stringify(planDocument(report, flags.sql), null, 2))}\n`)
  } else if (form === 'markdown') {
    io.out(io.safe(planMarkdown(report, manifest, flags)))
  } else {
    io.out(
      io.safe(
        planText(report, manifest, {
          ...flags,
          style: styleFor(io.colour),
          readText: (file) => readProjectFile(project.root, file),
        }),
      ),
    )
  }
}

function exitCodeOf(report: PlanReport, flags: Flags): ExitCode {
  if (report.problems.length > 0) return EXIT.failed
  if (!flags.detailedExitcode) return EXIT.ok
  return report.steps.some(({ step }) => step.action !== 'reuse') ? EXIT.changes : EXIT.ok
}
