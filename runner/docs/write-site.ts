import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SiteInput } from './build-site.ts'
import { buildSite } from './build-site.ts'
import { indexPage } from './index-page.ts'
import { mapStrings } from './map-strings.ts'

export interface WrittenSite {
  /** Pages, tests and macros included. */
  readonly pageCount: number
  readonly sizeBytes: number
}

/**
 * Writes the site: `index.html`, what gm's build made of `site/`, and a script for each part of the data. What was in
 * the folder's `data` before is removed.
 * @param built the folder with `site.js` and `site.css`.
 * @param safe takes out what no page may show.
 */
export function writeSite(
  input: SiteInput,
  folder: string,
  built: string,
  safe: (text: string) => string,
): WrittenSite {
  const data = join(folder, 'data')
  rmSync(data, { recursive: true, force: true })
  mkdirSync(data, { recursive: true })
  let sizeBytes = 0
  const write = (name: string, value: unknown): void => {
    const script = chunkScript(name, mapStrings(value, safe))
    sizeBytes += Buffer.byteLength(script)
    writeFileSync(join(data, `${name}.js`), script)
  }
  const chunks = buildSite(input)
  let next = chunks.next()
  for (; next.done !== true; next = chunks.next()) write(next.value.name, next.value.value)
  const index = next.value
  write('index', index)
  for (const file of ['site.js', 'site.css']) copyFileSync(join(built, file), join(folder, file))
  writeFileSync(join(folder, 'index.html'), indexPage(index))
  return { pageCount: index.nodes.length, sizeBytes }
}

/** JSON.parse reads faster than the same as a literal, and takes `__proto__` for a key like any other. */
function chunkScript(name: string, value: unknown): string {
  const json = JSON.stringify(JSON.stringify(value))
  return `(window.__GM__??={})[${JSON.stringify(name)}]=JSON.parse(${json})\n`
}
