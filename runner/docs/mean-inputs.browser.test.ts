import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import { launchChromium } from '../testing/launch-chromium.ts'
import type { NodeSketch } from '../testing/manifest-of.ts'
import { idOf, manifestOf } from '../testing/manifest-of.ts'
import { writeBareSite } from '../testing/write-bare-site.ts'

/** All that a name of a file can hold and that means something somewhere: in addresses, in HTML, in JavaScript, in regular expressions. */
const NAMES = [
  'a b',
  '50%',
  '%41',
  'what?',
  'a#b',
  'x&y=z',
  "it's",
  'say "hi"',
  'a<b>&amp;',
  'back\\slash',
  'semi;colon:',
  '[x](y)',
  '*.+',
  'ñandú',
  '日本語',
  '🙂',
  '__proto__',
  'constructor',
]

describe.skipIf(inject('chromium') === '')('the docs site of mean projects', () => {
  let browser: Browser
  let folder: string
  beforeAll(async () => {
    browser = await launchChromium()
    folder = mkdtempSync(join(tmpdir(), 'gm mean #%41 '))
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Writes a site and opens a page of it; what the page complains about comes with it. */
  async function open(
    manifest: Manifest,
    hash = '',
  ): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
    writeBareSite(manifest, folder)
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    const complaints: string[] = []
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const path = join(folder, 'index.html').split('/').map(encodeURIComponent).join('/')
    await page.goto(`file://${path}#/${hash}`)
    await page.locator('main h1').first().waitFor()
    return { page, complaints }
  }

  test('of an empty project every section opens and says that there is nothing', async () => {
    const { page, complaints } = await open(manifestOf({}))
    expect(await page.locator('main').innerText()).toContain('This project has no nodes yet.')
    for (const [section, said] of [
      ['lineage', 'There is nothing to draw.'],
      ['runs', 'No run is known'],
      ['tests', 'None.'],
      ['quality', 'None.'],
      ['list/model', 'There are none.'],
      ['search?q=anything', 'Nothing found.'],
    ] as const) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${section}`)}`)
      await expect.poll(async () => await page.locator('main').innerText()).toContain(said)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test('names with every character lead to their pages, from the tree, from the search and in the lineage', async () => {
    const sketches: [string, NodeSketch][] = NAMES.map((name, i) => [
      name,
      { reads: i === 0 ? [] : [NAMES[i - 1] ?? ''] },
    ])
    const manifest = manifestOf(Object.fromEntries(sketches))
    const { page, complaints } = await open(manifest)
    const index = page.url().split('#')[0] ?? ''
    for (const name of NAMES) {
      await page.goto(`${index}#/`)
      await page
        .locator('.tree a', { hasText: name })
        .and(page.getByTitle(name, { exact: true }))
        .click()
      await expect.poll(async () => await page.locator('main h1').innerText()).toContain(name)
      await page.goto(`${index}#/lineage/${encodeURIComponent(idOf(name))}`)
      await expect
        .poll(async () => await page.locator('main h1').innerText())
        .toBe(`Lineage of ${name}`)
    }
    await page.locator('.search input').fill('日本')
    await page.getByRole('option', { name: /日本語/ }).click()
    await expect.poll(async () => await page.locator('main h1').innerText()).toContain('日本語')
    expect(complaints).toEqual([])
    await page.close()
  })

  test('text that runs from right to left keeps its direction and leaves that of what stands around it', async () => {
    const manifest = withNode({
      description: 'كل **طلب** من المتجر (A-17).',
      columns: new Map([
        ['id', { name: 'id', description: 'מספר ההזמנה, #1.', meta: {}, tags: [] }],
      ]),
    })
    const { page } = await open(manifest, `node/${idOf('orders')}`)
    const direction = async (text: string): Promise<string> => {
      await page.getByText(text).first().waitFor()
      return await page.evaluate(`(() => {
        const texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
        while (texts.nextNode()?.data.includes(${JSON.stringify(text)}) === false);
        return getComputedStyle(texts.currentNode.parentElement).direction
      })()`)
    }
    expect(await direction('من المتجر')).toBe('rtl')
    expect(await direction('מספר ההזמנה')).toBe('rtl')
    expect(await direction('orders')).toBe('ltr')
    await page.close()
  })

  test('a link into the middle of a long text leads to its line', async () => {
    const rawCode = Array.from({ length: 20_000 }, (_, i) => `-- this is line ${i + 1}`).join('\n')
    const { page } = await open(withNode({ rawCode }), `node/${idOf('orders')}?line=12345`)
    await page.locator('.line.marked').waitFor()
    expect(await page.locator('.line.marked').innerText()).toContain('this is line 12345')
    await page.close()
  })

  test.each([
    ['in many lines', 'select 1 as one union all\n'],
    ['in one line', 'select 1 as one union all '],
  ])(
    '5 MB of SQL %s: the page opens at once, shows the beginning, and all of it on demand',
    async (_form, part) => {
      const rawCode = `${part.repeat(Math.ceil(5_000_000 / part.length))}select 2 as last_of_all`
      const { page, complaints } = await open(withNode({ rawCode }), `node/${idOf('orders')}`)
      await page.locator('pre').getByText('select 1 as one').first().waitFor()
      expect(await page.locator('pre *').count()).toBeLessThan(25_000)
      expect(await page.locator('pre').innerText()).not.toContain('last_of_all')
      await page.getByRole('button', { name: /^Show all/ }).click()
      await expect
        .poll(async () => (await page.locator('pre').textContent())?.includes('last_of_all'), {
          timeout: 30_000,
        })
        .toBe(true)
      expect(complaints).toEqual([])
      await page.close()
    },
  )
})

function withNode(
  more: Partial<Pick<Node, 'description' | 'columns'>> & { rawCode?: string },
): Manifest {
  const manifest = manifestOf({ orders: {} })
  const nodes = new Map<NodeId, Node>(
    [...manifest.nodes].map(([id, node]) => [id, { ...node, ...more }]),
  )
  return { ...manifest, nodes }
}
