import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { openChromium } from '../../runner/testing/open-chromium.ts'
import type { Case, Finding } from '../finding.ts'
import { timed } from '../finding.ts'
import { generateProject, writeProject } from '../generate-project.ts'
import { sizeFrom } from '../in-project.ts'
import { compare, measure } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const MODELS = sizeFrom('GM_BENCH_DOCS_MODELS', 10_000)
const LINEAGE_NODES = Math.min(MODELS, 5_000)
const COLUMNS = 10
const CHROMIUM = process.env['GM_CHROMIUM'] ?? '/usr/bin/chromium'
const OPENINGS = 5
/** What somebody types: names, columns, words of SQL, with slips, letter by letter. */
const TYPED = ['model_04217', 'other_nam', 'payload', 'modle', 'value_3', 'events']

/**
 * The docs site of a large project, with the lineage of every column, from nothing; then in a real Chromium, from the
 * disk, what a reader waits for.
 */
export const docs: Case = async () =>
  await inScratch(async (folder) => {
    writeProject(folder, generateProject({ models: MODELS, seed: 1, columns: COLUMNS }))
    const pair = await compare({
      ours: { argv: GENERATE, cwd: folder },
      rounds: 3,
      before: () => {
        rmSync(join(folder, '.gm'), { recursive: true, force: true })
        return Promise.resolve()
      },
    })
    return [
      {
        name: `docs of ${MODELS} models with ${MODELS * COLUMNS} columns`,
        floorName: '',
        pair,
        target: 'wall ≤ 20 s, 1 GB',
        isMet: pair.ours.wallSeconds <= 20 && pair.ours.peakMiB <= 1024,
      },
      ...(await inBrowser(async (browser) => [
        await firstPage(browser, indexOf(folder)),
        await answers(browser, indexOf(folder)),
        await lineagePan(browser),
      ])),
    ]
  })

const GENERATE = [...GM, 'docs', 'generate', '--empty-catalog', '--quiet']

function indexOf(folder: string): string {
  return `file://${encodeURI(join(folder, 'target/docs/index.html'))}`
}

async function inBrowser(
  work: (browser: Browser) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  if (!existsSync(CHROMIUM)) throw new Error(`no Chromium at ${CHROMIUM}: name one in GM_CHROMIUM`)
  const browser = await openChromium(CHROMIUM)
  try {
    return await work(browser)
  } finally {
    await browser.close()
  }
}

/** From opening the file until the overview is drawn and the page's one thread has nothing left to do. */
async function firstPage(browser: Browser, index: string): Promise<Finding> {
  const seconds: number[] = []
  for (let i = 0; i <= OPENINGS; i++) {
    const page = await browser.newPage()
    const began = performance.now()
    await page.goto(index)
    await page.locator('main h1').first().waitFor()
    await page.evaluate('new Promise((done) => requestIdleCallback(done))')
    // The first one pays for the browser's own start.
    if (i > 0) seconds.push((performance.now() - began) / 1000)
    await page.close()
  }
  return timed(`first page of ${MODELS} models, from file://`, seconds, 1.5)
}

/** From a letter typed until the list shows what is found for it: the slowest of all letters. */
async function answers(browser: Browser, index: string): Promise<Finding> {
  const page = await browser.newPage()
  await page.goto(index)
  await page.locator('main h1').first().waitFor()
  const box = page.locator('.search input')
  await box.focus()
  // The index of all words comes with the first search.
  await box.fill('origin')
  await page.locator('#found [role=option]').first().waitFor()
  const seconds: number[] = []
  for (const text of TYPED) {
    for (let end = 2; end <= text.length; end++)
      seconds.push(await answer(page, text.slice(0, end)))
  }
  await page.close()
  seconds.sort((a, b) => a - b)
  // One of the letters may meet a pause of the machine.
  const slow = seconds[Math.floor(seconds.length * 0.95)] ?? Number.NaN
  return timed(`search of ${MODELS} models, 95 of 100 letters`, [slow], 0.05)
}

async function answer(page: Page, text: string): Promise<number> {
  const ms: number = await page.evaluate(`new Promise((resolve) => {
    const input = document.querySelector('.search input')
    const list = document.querySelector('#found')
    const began = performance.now()
    const watch = new MutationObserver(() => {
      const all = list.querySelector('.all')
      const isOf = all.getAttribute('href').endsWith('q=' + encodeURIComponent(input.value))
      if (!isOf || all.textContent === 'Searching…') return
      watch.disconnect()
      resolve(performance.now() - began)
    })
    watch.observe(list, { attributes: true, childList: true, subtree: true, characterData: true })
    input.value = ${JSON.stringify(text)}
    input.dispatchEvent(new Event('input', { bubbles: true }))
  })`)
  return ms / 1000
}

const PAN_STEPS = 240

/** Frames in each second while the drawing of the whole graph is dragged to and fro; the graph fits the window, so all is drawn. */
async function lineagePan(browser: Browser): Promise<Finding> {
  return await inScratch(async (folder) => {
    writeProject(folder, generateProject({ models: LINEAGE_NODES, seed: 1 }))
    await measure({ argv: GENERATE, cwd: folder })
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`${indexOf(folder)}#/lineage`)
    await page.locator('.lineage canvas').waitFor()
    await page.mouse.move(640, 500)
    await page.mouse.down()
    await page.evaluate(COUNT_FRAMES)
    const began = performance.now()
    for (let i = 0; i < PAN_STEPS; i++) {
      await page.mouse.move(640 + 200 * Math.sin(i / 20), 500 + 100 * Math.cos(i / 20))
    }
    const seconds = (performance.now() - began) / 1000
    const frames: number = await page.evaluate('window.frames_drawn')
    await page.mouse.up()
    await page.close()
    // Nothing is drawn where the pointer has not moved: the fewer of both.
    const rate = Math.min(frames, PAN_STEPS) / seconds
    return {
      ...timed(
        `lineage of ${LINEAGE_NODES} nodes, a frame while it is dragged`,
        [1 / rate],
        1 / 30,
      ),
      target: `30 frames/s; ${Math.round(rate)}`,
    }
  })
}

const COUNT_FRAMES = `window.frames_drawn = 0;
  (function next() { window.frames_drawn++; requestAnimationFrame(next) })()`
