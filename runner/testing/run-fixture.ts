import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { RunEvent, RunResult } from '../run/event.ts'
import type { PlainProject, RunOptions } from './plain-project.ts'
import { runPlain } from './plain-project.ts'
import { createLedger, test as withDatabase } from './sql-fixture.ts'

interface RunFixture {
  /** Runs a project of plain values on the test's database, which has gm's schema, with an adapter of its own. */
  run: (project: PlainProject, options?: RunOptions) => Promise<Ran>
}

/** A run as tests look at it. */
export interface Ran {
  readonly result: RunResult
  /** By node: the error as text, else `action: status`, with the rows that were counted: `add rows: success +2 ~1 -0`. */
  readonly steps: Readonly<Record<string, string>>
  readonly notes: readonly string[]
}

/** vitest's `test`, with a database and runs of plain projects on it. */
export const test = withDatabase.extend<RunFixture>({
  run: async ({ connection, sql }, use) => {
    await createLedger(sql)
    await use(async (project, options = {}) => {
      const notes: string[] = []
      const onEvent = (event: RunEvent): void => {
        if (event.type === 'step-note') notes.push(event.message)
        options.onEvent?.(event)
      }
      const adapter = createPostgresAdapter(connection)
      try {
        const result = await runPlain(project, adapter, { ...options, onEvent })
        return { result, steps: stepsOf(result), notes }
      } finally {
        await adapter.close()
      }
    })
  },
})

function stepsOf(result: RunResult): Record<string, string> {
  return Object.fromEntries(
    result.steps.map(({ id, error, action, status, counts }) => {
      const { inserted, updated, deleted } = counts
      const rows = [
        inserted === undefined ? '' : ` +${inserted}`,
        updated === undefined ? '' : ` ~${updated}`,
        deleted === undefined ? '' : ` -${deleted}`,
      ].join('')
      const text = error === undefined ? `${action}: ${status}${rows}` : String(error)
      return [id.split('.')[2] ?? id, text]
    }),
  )
}
