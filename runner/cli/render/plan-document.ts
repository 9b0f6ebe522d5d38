import { z } from 'zod'
import type { GmError } from '../../base/error.ts'
import type { PlanReport } from '../../operate/plan-report.ts'
import { sqlOf } from '../../operate/plan-report.ts'

const column = z.strictObject({ name: z.string(), type: z.string() })

const problem = z.strictObject({
  id: z.string(),
  code: z.string(),
  message: z.string(),
  file: z.string().optional(),
  line: z.int().optional(),
  column: z.int().optional(),
  hint: z.string().optional(),
})

/** What `gm plan --output json` prints. Keys may be added; those that are there keep their meaning within a version. */
export const planSchema = z.strictObject({
  version: z.literal(1),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string().describe('schema.table, or the name of a test.'),
      kind: z.enum(['model', 'seed', 'snapshot', 'test']),
      action: z.string().describe('build table, add rows, …; reuse: it would not run.'),
      reason: z.string(),
      code: z
        .enum(['same', 'changed', 'new'])
        .describe('Whether what is there was made of this code and configuration.'),
      estimated_rows: z.number().nullable().describe("The database's guess; null: none."),
      columns: z
        .strictObject({
          added: z.array(column),
          removed: z.array(column),
          retyped: z.array(column.extend({ before: z.string() })),
          kept_because: z.string().nullable().describe('Why the table keeps its columns.'),
        })
        .nullable(),
      warning: z.string().nullable(),
      sql: z.array(z.string()).optional().describe('With --sql: one text for each transaction.'),
    }),
  ),
  affected: z.array(
    z.strictObject({
      node: z.string(),
      column: z.string().nullable().describe('null: the node as a whole.'),
      models: z.array(z.string()),
      exposures: z.array(z.string()),
      uncertain: z.array(z.string()).describe('Nodes below whose columns are not all known.'),
    }),
  ),
  problems: z.array(problem).describe('What the database would refuse.'),
  full_refresh: z.strictObject({
    rebuilds: z.array(z.string()),
    rows: z.number(),
    keeps: z.array(z.string()).describe('Keep their rows even with --full-refresh.'),
  }),
})

export type PlanDocument = z.infer<typeof planSchema>

export function planDocument(report: PlanReport, withSql: boolean): PlanDocument {
  return {
    version: 1,
    steps: report.steps.map(({ step, name, estimatedRows, shape, shapeIsKept }) => ({
      id: step.id,
      name,
      kind: step.kind as PlanDocument['steps'][number]['kind'],
      action: step.action,
      reason: step.reason,
      code: step.codeIs ?? 'same',
      estimated_rows: estimatedRows ?? null,
      columns:
        shape === undefined
          ? null
          : {
              added: [...shape.added],
              removed: [...shape.removed],
              retyped: [...shape.retyped],
              kept_because: shapeIsKept ?? null,
            },
      warning: step.warning ?? null,
      ...(withSql && { sql: [...sqlOf(step)] }),
    })),
    affected: report.affected.map(({ node, column: of, models, exposures, uncertain }) => ({
      node,
      column: of ?? null,
      models: [...models],
      exposures: [...exposures],
      uncertain: [...uncertain],
    })),
    problems: report.problems.map(({ id, error }) => problemOf(id, error)),
    full_refresh: {
      rebuilds: [...report.fullRefresh.rebuilds],
      rows: report.fullRefresh.rows,
      keeps: [...report.fullRefresh.keeps],
    },
  }
}

function problemOf(id: string, { code, message, at, hint }: GmError): z.infer<typeof problem> {
  return {
    id,
    code,
    message,
    ...(at !== undefined && { file: at.file, line: at.line, column: at.column }),
    ...(hint !== undefined && { hint }),
  }
}
