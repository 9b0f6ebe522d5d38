import type { Manifest } from '../../manifest/node.ts'
import { isCheckingKind } from '../../manifest/node.ts'
import type { PlanReport } from '../../operate/plan-report.ts'
import { sqlOf } from '../../operate/plan-report.ts'
import { plural } from './format.ts'
import { code, escapeMarkdown, fenced, tableRow } from './markdown.ts'
import {
  affectedName,
  affectedWords,
  fullRefreshWords,
  planHeadline,
  problemsHeadline,
  problemWords,
  shapeWords,
} from './plan-words.ts'

/** The plan for a pull request: GitHub's Markdown. */
export function planMarkdown(
  report: PlanReport,
  manifest: Manifest,
  { sql, explain }: { readonly sql: boolean; readonly explain: boolean },
): string {
  const shown = report.steps.filter(
    ({ step }) => explain || (step.action !== 'reuse' && !isCheckingKind(step.kind)),
  )
  const tests = report.steps.filter(
    ({ step }) => isCheckingKind(step.kind) && step.action !== 'reuse',
  )
  const rows = ['### gm plan', '', planHeadline(report)]
  if (shown.length > 0) {
    rows.push(
      '',
      '| | node | why | rows, about | columns |',
      '|---|---|---|--:|---|',
      ...shown.map((planned) => {
        const { step, name, estimatedRows, problem } = planned
        const why = [step.reason, step.warning, problem && problemWords(problem)]
        return tableRow([
          step.action,
          code(name),
          why.filter((words) => words !== undefined).join('. '),
          estimatedRows === undefined ? '' : String(estimatedRows),
          shapeWords(planned) ?? '',
        ])
      }),
    )
  }
  if (!explain && tests.length > 0) rows.push('', `And ${plural(tests.length, 'test')}.`)
  if (report.affected.length > 0) {
    rows.push(
      '',
      '**Below what changes**',
      '',
      ...report.affected.map(
        (one) =>
          `- ${code(affectedName(one, manifest))}: ${escapeMarkdown(affectedWords(one, manifest))}`,
      ),
    )
  }
  if (report.problems.length > 0) {
    rows.push(
      '',
      `**${problemsHeadline(report)}**`,
      '',
      ...report.problems.map(({ error }) => `- ${escapeMarkdown(String(error))}`),
    )
  }
  const refresh = fullRefreshWords(report, manifest)
  if (refresh.length > 0) rows.push('', ...refresh.map(escapeMarkdown))
  if (sql) {
    for (const { step, name } of shown) {
      const text = sqlOf(step).join('\n')
      if (text !== '') rows.push('', ...details(name, text))
    }
  }
  return `${rows.join('\n')}\n`
}

function details(name: string, text: string): readonly string[] {
  return [
    `<details><summary>SQL of ${escapeMarkdown(name)}</summary>`,
    '',
    ...fenced('sql', text),
    '',
    '</details>',
  ]
}
