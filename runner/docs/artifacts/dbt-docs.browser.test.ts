import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject } from 'vitest'
import { copyOfProject, databaseUrl, gm } from '../../testing/gm.ts'
import { launchChromium } from '../../testing/launch-chromium.ts'
import { test } from '../../testing/sql-fixture.ts'
import { PROJECT } from '../../testing/surface/surface-project.ts'

const WHEEL = 'dbt-core==1.11.16'

const EXPOSURE = `exposures:
  - name: board
    type: dashboard
    owner: {name: Finance}
    description: What the board looks at.
    depends_on: [ref('totals')]
`

interface OpenDocs {
  readonly page: Page
  /** Errors of scripts and of the console. */
  readonly complaints: readonly string[]
  /** Goes to the page of a node, as a link does. */
  readonly show: (path: string) => Promise<void>
  readonly close: () => Promise<void>
}

describe.skipIf(inject('chromium') === '')("dbt's own docs page over gm's artifacts", () => {
  const folder = mkdtempSync(join(tmpdir(), 'gm-dbt-docs-'))
  let index: Buffer | undefined
  let browser: Browser

  beforeAll(async () => {
    browser = await launchChromium()
    try {
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile']
      // The page alone is wanted, so nothing that dbt itself needs.
      execFileSync('python3', [...pip, '--no-deps', '--target', folder, WHEEL], { stdio: 'pipe' })
      index = readFileSync(join(folder, 'dbt/task/docs/index.html'))
    } catch (error) {
      // Without Python or PyPI there is nothing to check with; on CI that is a failure.
      if (process.env['CI'] !== undefined) throw error
    }
  }, 180_000)

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('a model shows its description, columns, tests and SQL, and its lineage opens from there', async ({
    connection,
    project,
    sql,
    skip,
  }) => {
    if (index === undefined) return skip('no PyPI here')
    const root = await project({ ...PROJECT, 'models/board.yml': EXPOSURE })
    await sql('create schema raw; create table raw.events as select now() as at')
    await gm(root, ['build'], databaseUrl(connection))
    await gm(root, ['docs', 'generate'], databaseUrl(connection))
    const { page, complaints, show, close } = await openDocs(browser, index, root)

    await show('model/model.shop.stg')
    await page.getByRole('heading', { name: 'stg view' }).waitFor()
    const text = await page.locator('body').innerText()
    expect(text).toContain('One row a sale.')
    expect(text).toMatch(/id\s+integer\s+Its number\.\s+U N\s+amount\s+integer/)
    expect(text).toMatch(/Models\s+Data Tests\s+totals/)
    expect(text).toContain("{{ doubled('amount') }}")

    await page.locator('.launcher-btn a').click()
    await expect.poll(() => drawn(page)).toEqual(['no_negative', 'raw', 'stg', 'totals'])
    await page.locator('a[ng-click="showExpanded()"]').click()
    await expect
      .poll(() => drawn(page))
      .toEqual(expect.arrayContaining(['board', 'daily', 'raw', 'stg', 'totals']))

    await show('source/source.shop.raw.events')
    await page.getByRole('heading', { name: 'raw.events source table' }).waitFor()
    expect(await page.locator('body').innerText()).toContain('timestamp with time zone')
    await show('exposure/exposure.shop.board')
    await page.getByRole('paragraph').filter({ hasText: 'What the board looks at.' }).waitFor()
    await show('macro/macro.shop.doubled')
    await page.getByRole('heading', { name: 'shop.doubled macro' }).waitFor()
    expect(await page.locator('body').innerText()).toContain('{% macro doubled(x) %}')
    expect(complaints).toEqual([])
    await close()
  })

  test('a node of each kind and materialization of the GlobalMart project opens without a complaint', async ({
    skip,
  }) => {
    if (index === undefined) return skip('no PyPI here')
    const { root, remove } = copyOfProject()
    try {
      await gm(root, ['docs', 'generate', '--empty-catalog'])
      const { page, complaints, show, close } = await openDocs(browser, index, root)
      const kinds = oneOfEach(join(root, 'target/manifest.json'))
      expect([...kinds.keys()]).toEqual(expect.arrayContaining(['model incremental', 'seed seed']))
      for (const { unique_id: id, resource_type: type, name } of kinds.values()) {
        await show(`${type}/${id}`)
        await page.getByRole('heading', { level: 1, name }).first().waitFor()
      }
      expect(complaints).toEqual([])
      await close()
    } finally {
      remove()
    }
  })
})

interface ManifestNode {
  readonly unique_id: string
  readonly resource_type: string
  readonly name: string
  readonly config: { readonly materialized: string }
}

/** The last node of each type and materialization. */
function oneOfEach(file: string): ReadonlyMap<string, ManifestNode> {
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    readonly nodes: Readonly<Record<string, ManifestNode>>
  }
  return new Map(
    Object.values(manifest.nodes).map((node) => [
      `${node.resource_type} ${node.config.materialized}`,
      node,
    ]),
  )
}

/** The page at an address of this machine, as `dbt docs serve` gives it: beside the artifacts. */
async function openDocs(browser: Browser, index: Buffer, root: string): Promise<OpenDocs> {
  const server = await serve(index, join(root, 'target'))
  const { port } = server.address() as AddressInfo
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  return {
    page,
    complaints,
    show: async (path) => {
      await page.goto(`http://127.0.0.1:${port}/#!/${path}`)
    },
    close: async () => {
      await page.close()
      server.close()
    },
  }
}

async function serve(index: Buffer, target: string): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const path = decodeURI(new URL(url, 'http://localhost').pathname)
    if (path === '/') response.setHeader('content-type', 'text/html').end(index)
    else if (/^\/(manifest|catalog)\.json$/.test(path)) {
      response.end(readFileSync(join(target, path)))
    }
    // The page asks for images by templates that it has not filled in yet: with dbt's artifacts too.
    else response.writeHead(/[{$]/.test(path) ? 204 : 404).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return server
}

/** The labels of the nodes that the lineage graph, which is a canvas, shows. */
async function drawn(page: Page): Promise<readonly string[]> {
  return await page.evaluate(
    `[...document.querySelectorAll('*')].filter((one) => one._cyreg?.cy).flatMap(({ _cyreg }) =>
      _cyreg.cy.nodes(':visible').map((node) => node.data('label') ?? node.id())).sort()`,
  )
}
