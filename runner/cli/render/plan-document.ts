import * as z from 'zod'
import type { GmError } from '../../base/error.ts'
import type { NodeDiff } from '../../operate/diff-node.ts'
import type { DiffReport } from '../../operate/diff-project.ts'
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

const affected = z.array(
  z.strictObject({
    node: z.string(),
    column: z.string().nullable().describe('null: the node as a whole.'),
    models: z.array(z.string()),
    exposures: z.array(z.string()),
    uncertain: z.array(z.string()).describe('Nodes below whose columns are not all known.'),
  }),
)

const sampleRow = z
  .record(z.string(), z.string().nullable())
  .describe('Values as PostgreSQL writes them; *** for personal data.')

const diffSchema = z.strictObject({
  nodes: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string(),
      with: z.string().nullable().describe('What it is compared with; null: nothing is there.'),
      key: z.array(z.string()).nullable().describe('null: rows were compared as wholes.'),
      parts: z.int().describe('One row in so many was compared; 1: all.'),
      rows: z
        .strictObject({
          before: z.number(),
          after: z.number(),
          added: z.number(),
          removed: z.number(),
          changed: z.number(),
        })
        .nullable(),
      columns: z.array(
        z.strictObject({
          name: z.string(),
          changed: z.number(),
          sum_before: z.string().nullable(),
          sum_after: z.string().nullable(),
        }),
      ),
      samples: z
        .strictObject({
          added: z.array(sampleRow),
          removed: z.array(sampleRow),
          changed: z.array(z.strictObject({ before: sampleRow, after: sampleRow })),
        })
        .nullable(),
      notes: z.array(z.string()),
      affected,
    }),
  ),
  left: z.array(z.strictObject({ id: z.string(), reason: z.string() })),
  problems: z.array(problem),
  kept: z.string().nullable().describe('The schema that the new tables stay in.'),
})

/** What `gm plan --output json` prints. Keys may be added; those that are there keep their meaning within a version. */
const planSchema = z.strictObject({
  version: z.literal(1),
  steps: z.array(
    z.strictObject({
      id: z.string(),
      name: z.string().describe('schema.table, or the name of a test.'),
      kind: z.enum(['model', 'seed', 'snapshot', 'test', 'unit_test']),
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
  affected,
  problems: z.array(problem).describe('What would fail: steps, and models below them.'),
  full_refresh: z.strictObject({
    rebuilds: z.array(z.string()),
    rows: z.number(),
    keeps: z.array(z.string()).describe('Keep their rows even with --full-refresh.'),
  }),
  diff: diffSchema.nullable().describe('With --diff.'),
})

export type PlanDocument = z.infer<typeof planSchema>

/** The JSON Schema of the document. */
export function planJsonSchema(): unknown {
  return z.toJSONSchema(planSchema)
}

export function planDocument(
  report: PlanReport,
  diff: DiffReport | undefined,
  withSql: boolean,
): PlanDocument {
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
    affected: affectedOf(report.affected),
    problems: report.problems.map(({ id, error }) => problemOf(id, error)),
    full_refresh: {
      rebuilds: [...report.fullRefresh.rebuilds],
      rows: report.fullRefresh.rows,
      keeps: [...report.fullRefresh.keeps],
    },
    diff:
      diff === undefined
        ? null
        : {
            nodes: diff.nodes.map(diffOf),
            left: diff.left.map(({ id, reason }) => ({ id, reason })),
            problems: diff.problems.map(({ id, error }) => problemOf(id, error)),
            kept: diff.kept ?? null,
          },
  }
}

function affectedOf(list: PlanReport['affected']): PlanDocument['affected'] {
  return list.map(({ node, column: of, models, exposures, uncertain }) => ({
    node,
    column: of ?? null,
    models: [...models],
    exposures: [...exposures],
    uncertain: [...uncertain],
  }))
}

function diffOf(node: NodeDiff): z.infer<typeof diffSchema>['nodes'][number] {
  const { rows, columns } = node
  const row = (values: readonly (string | null)[]): Record<string, string | null> =>
    Object.fromEntries(values.map((value, i) => [columns[i] ?? '', value]))
  return {
    id: node.id,
    name: node.name,
    with: node.with ?? null,
    key: node.key === undefined ? null : [...node.key.columns],
    parts: node.parts,
    rows:
      rows === undefined
        ? null
        : {
            before: rows.rowsBefore,
            after: rows.rowsAfter,
            added: rows.added,
            removed: rows.removed,
            changed: rows.changed,
          },
    columns: (rows?.columns ?? []).map(({ name, changed, sum }) => ({
      name,
      changed,
      sum_before: sum?.before ?? null,
      sum_after: sum?.after ?? null,
    })),
    samples:
      rows === undefined
        ? null
        : {
            added: rows.samples.added.map(row),
            removed: rows.samples.removed.map(row),
            changed: rows.samples.changed.map(({ before, after }) => ({
              before: row(before),
              after: row(after),
            })),
          },
    notes: [...node.notes],
    affected: affectedOf(node.affected),
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
