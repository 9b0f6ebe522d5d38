import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import { makeGraph } from '../graph/graph.ts'
import type { DiffReport } from '../operate/diff-project.ts'
import { diffProject } from '../operate/diff-project.ts'
import type { DiffOptions } from '../operate/diffing.ts'
import type { PlanReport } from '../operate/plan-report.ts'
import { planReport } from '../operate/plan-report.ts'
import { buildLineage } from '../sql/build-lineage.ts'
import { loadSqlParser } from '../sql/parse-sql.ts'
import type { PlainProject, RunOptions } from './plain-project.ts'
import { requestOf } from './plain-project.ts'
import { test as withRuns } from './run-fixture.ts'

interface PlanFixture {
  /** What `gm plan` finds for a project of plain values on the test's database. */
  plan: (project: PlainProject, options?: RunOptions) => Promise<PlanReport>
  /** What `gm plan --diff` finds. */
  diff: (
    project: PlainProject,
    options?: Partial<DiffOptions>,
    run?: RunOptions,
  ) => Promise<DiffReport>
}

const COMPARE_ALL: DiffOptions = {
  downstream: false,
  against: undefined,
  samples: 3,
  limit: undefined,
  keep: false,
  ignoreColumns: [],
}

/** vitest's `test`, with a database, runs, plans and comparisons of plain projects on it. */
export const test = withRuns.extend<PlanFixture>({
  plan: async ({ connection }, use) => {
    await use(async (project, options = {}) => {
      const adapter = createPostgresAdapter(connection)
      const session = await adapter.open()
      try {
        const request = requestOf(project, adapter, { reuse: 'all', ...options })
        const lineage = () => lineageOf(project)
        return (await planReport(request, graphOf(project), lineage, session)).report
      } finally {
        await session.close()
        await adapter.close()
      }
    })
  },

  diff: async ({ connection }, use) => {
    await use(async (project, options = {}, run = {}) => {
      const adapter = createPostgresAdapter(connection)
      const session = await adapter.open()
      try {
        const request = requestOf(project, adapter, { reuse: 'all', ...run })
        const [graph, lineage] = [graphOf(project), () => lineageOf(project)]
        const { planned } = await planReport(request, graph, lineage, session)
        return await diffProject({
          request,
          planned,
          graph,
          lineage,
          session,
          options: { ...COMPARE_ALL, ...options },
        })
      } finally {
        await session.close()
        await adapter.close()
      }
    })
  },
})

function graphOf({ manifest }: PlainProject) {
  return makeGraph(
    new Map([...manifest.nodes.values()].map(({ id, dependsOn }) => [id, dependsOn])),
  )
}

async function lineageOf({ manifest, compile }: PlainProject) {
  const state = { isIncremental: false, vars: {}, changes: () => '', changedKeys: () => '' }
  return await buildLineage({
    manifest,
    order: [...manifest.nodes.keys()],
    compile: (node) =>
      node.kind === 'model' || node.kind === 'test'
        ? compile(node, state, manifest)
        : { sql: 'select 1' },
    loadParser: loadSqlParser,
    addedColumns: () => [],
    inlinedAs: () => undefined,
  })
}
