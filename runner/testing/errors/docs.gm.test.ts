import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe } from 'vitest'
import { test } from './screen-fixture.ts'

describe('mistakes around the docs site', () => {
  test('serving a site that was never written says how to write it', async ({
    project,
    screen,
  }) => {
    const root = await project({})
    await screen('docs-not-generated', { root, args: ['docs', 'serve'] })
  })

  test('a port that another program has is named, with how to take another', async ({
    project,
    screen,
  }) => {
    const root = await project({ 'target/docs/index.html': '<!doctype html>' })
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const port = String((other.address() as AddressInfo).port)
    try {
      const args = ['docs', 'serve', '--port', port]
      await screen('docs-port-taken', { root, args, replace: { [port]: '8080' } })
    } finally {
      other.close()
    }
  })
})
