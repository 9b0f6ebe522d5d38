import { expect } from 'vitest'
import { copyOfProject, databaseUrl, gm } from '../gm.ts'
import { test } from '../sql-fixture.ts'

test('every column of every model, snapshot, test and analysis comes from where PostgreSQL itself says; a node whose inputs are not built is named', {
  timeout: 600_000,
}, async ({ connection }) => {
  const { root, remove } = copyOfProject()
  const env = databaseUrl(connection)
  try {
    const check = async (expected: number): Promise<Check> => {
      const args = ['lineage', '--check', '--output', 'json']
      return JSON.parse((await gm(root, args, env, expected)).stdout) as Check
    }
    const before = await check(1)
    expect(before.unchecked.map(({ node }) => node)).toContain('model.globalmart.fact_sales')

    // Without an event: what is asked for is the shape of all relations.
    await gm(root, ['build', '--quiet', '--exclude', 'resource_type:test'], env)
    const { alike, ...others } = await check(0)
    expect(others).toEqual({ different: [], unchecked: [] })
    expect(alike).toBeGreaterThan(400)
  } finally {
    remove()
  }
})

interface Check {
  readonly alike: number
  readonly different: readonly object[]
  readonly unchecked: readonly { readonly node: string }[]
}
