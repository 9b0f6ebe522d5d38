import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { gm, startGm } from '../testing/gm.ts'
import { manifestOf } from '../testing/manifest-of.ts'
import type { BuiltSite } from '../testing/site-fixture.ts'
import { allLoaded, buildSite, SECRETS } from '../testing/site-fixture.ts'
import { writeBareSite } from '../testing/write-bare-site.ts'

/** Every kind of page with its heading. */
const PAGES = {
  '': 'shop',
  'node/model.shop.orders': 'orders',
  'node/seed.shop.numbers': 'numbers',
  'node/source.shop.raw.transactions': 'raw.transactions',
  'node/topic.transactions-topic': 'transactions-topic',
  'node/exposure.shop.revenue_board': 'revenue_board',
  'node/test.shop.orders_are_few': 'orders_are_few',
  'node/macro.shop.doubled': 'doubled',
  'node/model.shop.broken': 'broken',
  'node/model.shop.nowhere': 'Not found',
  lineage: 'Lineage',
  'lineage/model.shop.orders': 'Lineage of orders',
  'lineage/model.shop.orders?column=amount': 'Lineage of orders.amount',
  runs: 'Runs',
  tests: 'Tests',
  'tests?show=unstable': 'Tests',
  quality: 'Data quality',
  'quality?show=no owner': 'Data quality',
  'list/model': 'Models',
  'search?q=amount': 'Search for “amount”',
} as const

describe.skipIf(inject('chromium') === '')('the docs site', () => {
  let site: BuiltSite
  beforeAll(async () => {
    site = await buildSite()
  }, 120_000)
  afterAll(async () => {
    await site.close()
  })

  test.each(Object.entries(PAGES))(
    'the page #/%s opens from its file, complains of nothing, asks no network and has no faults for readers of screens',
    async (hash, heading) => {
      const { page, complaints, requests } = await site.open(hash)
      await page.waitForLoadState('load')
      expect(await page.locator('main h1').first().innerText()).toContain(heading)
      await page.evaluate(axe.source)
      expect(await faults(page)).toEqual([])
      await page.emulateMedia({ colorScheme: 'dark' })
      expect(await faults(page, ['color-contrast'])).toEqual([])
      expect(complaints).toEqual([])
      expect(requests.filter((url) => !/^(file|data):/.test(url))).toEqual([])
      await page.close()
    },
  )

  test('a run opens from the list of runs, with bars over time and the failure first', async () => {
    const { page, complaints } = await site.open('runs')
    await page.locator('tbody th a').last().click()
    await page.getByRole('heading', { name: 'Over time' }).waitFor()
    expect(await page.locator('.gantt .bar-of').count()).toBeGreaterThan(5)
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/broken|not_null/)
    await page.evaluate(axe.source)
    expect(await faults(page)).toEqual([])
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a test that failed and passed again is listed as unstable, with its turns and the results that it had', async () => {
    const { page } = await site.open('tests?show=unstable')
    const row = page.locator('tbody tr')
    await row.first().waitFor()
    expect(await row.count()).toBe(1)
    expect(await row.innerText()).toMatch(/moody[\s\S]*pass[\s\S]*2 turns in 4 runs/)
    expect(await row.locator('.trail').getAttribute('aria-label')).toContain('pass, pass, fail')
    await row.getByRole('link', { name: 'moody' }).click()
    await page.getByRole('heading', { level: 1, name: 'moody' }).waitFor()
    await allLoaded(page)
    expect(await page.locator('#runs tbody tr').count()).toBe(4)
    await page.close()
  })

  test('a page whose data is still on its way says so, and nothing that is not known yet', async () => {
    const page = await site.browser.newPage()
    let arrive = (): void => undefined
    const arrival = new Promise<void>((resolve) => {
      arrive = resolve
    })
    await page.route('**/data/tests.js*', async (route) => {
      await arrival
      await route.continue()
    })
    await page.goto(`file://${site.folder}/index.html#/tests`, { waitUntil: 'commit' })
    await page.locator('main [aria-busy=true]', { hasText: 'Loading' }).waitFor()
    expect(await page.locator('main').innerText()).not.toContain('None.')
    arrive()
    await allLoaded(page)
    expect(await page.locator('tbody tr').count()).toBeGreaterThan(3)
    await page.close()
  })

  test('the quality page lists what fails first, and by what is missing: tests, descriptions, owners', async () => {
    const { page } = await site.open('quality')
    expect(await page.locator('tbody tr').first().innerText()).toMatch(/orders[\s\S]*1 fail/)
    expect(await page.locator('main .tiles').innerText()).toMatch(/Owned\s*\d+ %/)
    for (const [lack, name] of [
      ['not tested', 'hostile'],
      ['not described', 'totals'],
      ['no owner', 'raw.transactions'],
    ] as const) {
      await page.getByRole('link', { name: new RegExp(`^${lack} \\d`) }).click()
      await page.locator('main nav a[aria-current=true]', { hasText: lack }).waitFor()
      const found = await page.locator('tbody th a').allInnerTexts()
      expect(found.map((text) => text.split(/\s/).at(-1))).toContain(name)
      expect(found.map((text) => text.split(/\s/).at(-1))).not.toContain('orders')
    }
    await page.close()
  })

  test('on paper a page has no menus, and a drawing of nodes is whole and dark on light, whatever the theme', async () => {
    const { page } = await site.open('lineage')
    await page.locator('.lineage svg').waitFor()
    await page.getByRole('button', { name: 'Switch to dark colours' }).click()
    await page.evaluate(`addEventListener('beforeprint', () => {
      window.printed = document.querySelector('.lineage svg').getAttribute('viewBox')
    })`)
    const pdf = await page.pdf({ format: 'A4' })
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-')
    expect(await page.evaluate('window.printed')).toMatch(/^0 0 \d{3,} \d{3,}$/)
    expect(await page.locator('.lineage svg').getAttribute('viewBox')).toBeNull()
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('.top').isVisible()).toBe(false)
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
      'rgb(255, 255, 255)',
    )
    await page.close()
  })

  test('descriptions and names with tags and quotes in them show as text and run nothing', async () => {
    const { page, complaints } = await site.open('node/model.shop.hostile')
    const text = await page.locator('main').innerText()
    expect(text).toContain('</script><script>window.hacked = 1</script>')
    for (const name of ['say "hi"', "it's", '<b>bold</b>', '__proto__'])
      expect(text).toContain(name)
    await page.getByRole('link', { name: "it's", exact: true }).click()
    expect(await page.locator('tr.marked').innerText()).toContain(`Quoted: "'<b>`)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    await page.goto(`file://${site.folder}/index.html#/node/model.shop.orders`)
    await page.getByText('Who bought').waitFor()
    expect(await page.locator('a[href^="javascript:"]').count()).toBe(0)
    expect(complaints).toEqual([])
    await page.close()
  })

  test('a table of 1,000 columns shows the first ones and all on demand, and finds one by its name', async () => {
    const { page } = await site.open('node/model.shop.wide')
    await page.getByRole('button', { name: 'Show all 1,000 columns' }).click()
    expect(await page.locator('#columns tbody tr').count()).toBe(1_000)
    await page.getByLabel('Filter columns').fill('c_987')
    expect(await page.locator('#columns tbody tr').count()).toBe(1)
    await page.close()
  })

  test('a copy of a column shows the description and the tests that it inherits, and of a copy of personal data no figures', async () => {
    const { page } = await site.open('node/model.shop.people_copies')
    await page.locator('#columns').waitFor()
    const number = page.locator('#column-number')
    expect(await number.innerText()).toMatch(
      /Number of the person\.\s*inherited from people\.number/,
    )
    expect(await number.locator('.statistics').count()).toBe(1)
    expect(await number.locator('td').last().innerText()).toMatch(
      /not_null\s*inherited from people\.number/,
    )
    const address = page.locator('#column-address')
    expect(await address.innerText()).toContain('personal data, from people.email')
    expect(await address.innerText()).not.toContain('Where.')
    expect(await address.locator('.statistics').count()).toBe(0)
    await page.close()
  })

  test('a source shows how fresh it is and the image of its description, which nothing but images can be', async () => {
    const { page, complaints } = await site.open('node/source.shop.raw.transactions')
    await page.locator('.markdown img').waitFor()
    expect(await page.locator('.tiles').innerText()).toMatch(/! warn newest row .*, looked at/)
    const width: number = await page.evaluate(
      `document.querySelector('.markdown img').naturalWidth`,
    )
    expect(width).toBe(40)
    expect(complaints).toEqual([])
    await page.close()
    expect(existsSync(join(site.folder, 'assets/notes.txt'))).toBe(false)
  })

  test('what the database and the ledger know stands on the page of a model', async () => {
    const { page } = await site.open('node/model.shop.orders')
    await page.locator('#columns').waitFor()
    const text = await page.locator('main').innerText()
    expect(text).toMatch(/Rows\s*≈ 3/)
    expect(text).toContain('people of the shop')
    expect(await page.locator('#columns').innerText()).toMatch(/numbers\.id\s*computed/)
    expect(await page.locator('#columns').innerText()).toContain('2 … 6 · 3 distinct')
    expect(await page.locator('#column-region .statistics').count()).toBe(0)
    expect(await page.locator('#column-region .personal').innerText()).toBe('personal data')
    expect(await page.locator('#tests').innerText()).toMatch(
      /not_null\s*customer_id\s*✕ fail 1 rows/,
    )
    expect(await page.locator('#runs tbody tr').count()).toBe(2)
    await expect.poll(() => page.locator('.uplot canvas').count()).toBe(2)
    expect(await page.locator('.markdown table').innerText()).toContain('EUR')
    expect(await page.locator('#code').innerText()).toContain("ref('numbers')")
    await page.getByRole('button', { name: 'Compiled' }).click()
    expect(await page.locator('#code').innerText()).toContain('"numbers"')
    await page.close()
  })

  test('a search with a slip in it finds the model, and arrows and Enter open a result', async () => {
    const { page } = await site.open('')
    await page.keyboard.press('/')
    await page.keyboard.type('ordrs')
    await page.getByRole('option', { name: /^model\s*orders/ }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { level: 1, name: 'shop' }).waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('customer_id')
    await page.getByRole('option', { name: /^model\s*orders/ }).waitFor()
    await page.close()
  })

  test('arrow keys walk the lineage from what is read to what reads it, and Enter goes there', async () => {
    const { page } = await site.open('lineage/model.shop.orders')
    await page.locator('.box.focus').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    const reached: string = await page.evaluate('document.activeElement.getAttribute("aria-label")')
    expect(reached).toMatch(/hostile|broken|revenue_board/)
    await page.keyboard.press('Enter')
    await page
      .getByRole('heading', {
        level: 1,
        name: `Lineage of ${reached.split(' ')[1]?.replace(',', '') ?? ''}`,
      })
      .waitFor()
    await page.close()
  })

  test('on a narrow window nothing but tables scrolls sideways, and the tree opens from its button', async () => {
    for (const hash of ['', 'node/model.shop.orders', 'tests', 'lineage']) {
      const { page } = await site.open(hash, { width: 380 })
      const overhang = await page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      )
      expect(overhang, hash).toBeLessThanOrEqual(0)
      await page.getByRole('button', { name: 'Project tree' }).click()
      await page.getByRole('navigation', { name: 'Project tree' }).waitFor()
      await page.close()
    }
  })

  test('the theme that is chosen holds on the next visit', async () => {
    const { page } = await site.open('')
    await page.getByRole('button', { name: 'Switch to dark colours' }).click()
    await page.reload()
    await page.getByRole('button', { name: 'Switch to light colours' }).waitFor()
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(
      'rgb(18, 22, 28)',
    )
    await page.close()
  })

  test('no file of the site holds a password, a connection or a value of the environment', () => {
    const files = readdirSync(site.folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
    expect(files.length).toBeGreaterThan(6)
    for (const file of files) {
      const text = readFileSync(file, 'utf8')
      for (const secret of [...Object.values(SECRETS), 'postgres://', site.root]) {
        expect(text.includes(secret), `${secret} in ${file}`).toBe(false)
      }
    }
  })

  test('gm docs serve gives the files of the site and nothing else', async () => {
    const { child, ended } = startGm(site.root, ['docs', 'serve', '--port', '0'], site.env)
    const url = await new Promise<string>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        const found = /http:\S+/.exec(chunk.toString())
        if (found !== null) resolve(found[0])
      })
    })
    const page = await site.browser.newPage()
    await page.goto(`${url}#/node/model.shop.orders`)
    await page.getByRole('heading', { level: 1, name: 'orders' }).waitFor()
    await page.close()
    const index = await fetch(url)
    expect(index.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(index.headers.get('x-content-type-options')).toBe('nosniff')
    for (const path of [
      '%2e%2e/manifest.json',
      '..%2fmanifest.json',
      '%5c..%5cmanifest.json',
      '%00',
      '%',
    ]) {
      expect((await fetch(`${url}${path}`)).status, path).toBe(404)
    }
    expect((await fetch(url, { method: 'POST' })).status).toBe(405)
    child.kill('SIGINT')
    expect((await ended).status).toBe(0)
  })

  test('without a database the site opens and says what it does not know', async () => {
    await gm(site.root, ['docs', 'generate', '--empty-catalog', '--target-path', 'bare'], site.env)
    const { page, complaints } = await site.open('', { folder: join(site.root, 'bare', 'docs') })
    expect(await page.locator('main').innerText()).toContain(
      'not asked; only what the project says',
    )
    await page.goto(`file://${site.root}/bare/docs/index.html#/node/model.shop.orders`)
    await page.locator('#columns').waitFor()
    expect(complaints).toEqual([])
    await page.close()
  })

  test.each([
    [300, 'svg .box'],
    [5_000, 'canvas'],
  ])('a lineage of %i nodes is drawn and moves', async (count, element) => {
    const folder = join(site.root, `lineage-${count}`)
    writeBigSite(folder, count)
    const { page, complaints } = await site.open('lineage', { folder })
    await page.locator(`.lineage ${element}`).first().waitFor()
    const before = await page.locator('.lineage').screenshot()
    await page.mouse.move(600, 500)
    await page.mouse.down()
    await page.mouse.move(500, 450, { steps: 4 })
    await page.mouse.up()
    await page.waitForTimeout(100)
    expect((await page.locator('.lineage').screenshot()).equals(before)).toBe(false)
    expect(complaints).toEqual([])
    await page.close()
  })

  function writeBigSite(folder: string, count: number): void {
    const sketches = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [
        `m${i}`,
        { reads: i < 50 ? [] : [`m${i - 50}`, `m${i - 50 + ((i * 7) % 49)}`] },
      ]),
    )
    writeBareSite(manifestOf(sketches), folder)
  }
})

/** What axe finds, by rule and place; by all rules when none is given. */
async function faults(page: Page, rules: readonly string[] = []): Promise<readonly string[]> {
  const only = rules.length === 0 ? '' : `, runOnly: ${JSON.stringify(rules)}`
  // Preloading would fetch style sheets, which the page's policy refuses.
  return await page.evaluate(
    `axe.run(document, { preload: false, resultTypes: ['violations']${only} }).then(({ violations }) =>
      violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => id + ' ' + target.join(' '))))`,
  )
}
