import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { REPOSITORY } from '../gm.ts'

const DOCS = join(REPOSITORY, 'docs')

/** A fenced block of a page: ```` ```bash runnable ```` is run, ```` ```sql models/a.sql ```` is written, in the order of the page. What is of another system is `shown`. */
interface Block {
  readonly language: string
  /** `runnable`, a path, or nothing: then the block is only shown. */
  readonly info: string
  readonly text: string
}

function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(join(DOCS, page), 'utf8')
  return [...text.matchAll(/^```(\w*)(?: ([^\n]*))?\n([\s\S]*?)^```$/gm)].map(
    ([, language = '', info = '', body = '']) => ({ language, info: info.trim(), text: body }),
  )
}

const PAGES = readdirSync(DOCS, { recursive: true, encoding: 'utf8' }).filter(
  (page) => page.endsWith('.md') && blocksOf(page).some(({ info }) => info === 'runnable'),
)

describe('the commands of the documentation, in a new folder with the server that gm brings', () => {
  test('there are pages with commands, and on these no query, file or command that nothing tries', () => {
    expect(PAGES).toContain('start.md')
    expect(PAGES.length).toBeGreaterThanOrEqual(17)
    const untried = PAGES.flatMap((page) =>
      blocksOf(page)
        .filter(({ language, info }) => language !== 'text' && info === '')
        .map(
          ({ language, text }) => `${page}: ${language || 'a block without a language'} ${text}`,
        ),
    )
    expect(untried).toEqual([])
  })

  for (const page of PAGES) {
    test(`docs/${page} can be followed from its first line to its last`, {
      timeout: 180_000,
    }, () => {
      const root = mkdtempSync(join(tmpdir(), 'gm-docs-'))
      const bin = join(root, 'bin')
      mkdirSync(bin)
      const gm = join(bin, 'gm')
      writeFileSync(
        gm,
        `#!/bin/sh\nexec '${process.execPath}' '${REPOSITORY}/dist/gm.cjs' "$@"\n`,
        {
          mode: 0o755,
        },
      )
      const work = join(root, 'work')
      mkdirSync(work)
      const env = {
        ...cleanEnvironment(),
        PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
        NO_COLOR: '1',
      }
      let project = work
      try {
        for (const { info, language, text } of blocksOf(page)) {
          if (info === 'runnable') {
            const into = /^cd (\S+)$/m.exec(text)?.[1]
            execFileSync('bash', ['-euo', 'pipefail', '-c', text], {
              cwd: work,
              env,
              stdio: 'pipe',
            })
            if (into !== undefined) project = join(work, into)
          } else if (info !== '' && info !== 'shown' && language !== 'bash') {
            const file = join(project, info)
            mkdirSync(dirname(file), { recursive: true })
            writeFileSync(file, text)
          }
        }
      } catch (error) {
        const { stdout = '', stderr = '' } = error as { stdout?: Buffer; stderr?: Buffer }
        throw new Error(`${stdout.toString()}\n${stderr.toString()}`, { cause: error })
      } finally {
        if (existsSync(join(project, '.gm/postgres')))
          execFileSync(gm, ['db', 'stop'], { cwd: project, env, stdio: 'ignore' })
        rmSync(root, { recursive: true, force: true })
      }
    })
  }
})

/** Nothing of the machine that runs the tests decides which database is meant. */
function cleanEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || /^(GM_|PG|DBT_|WAREHOUSE_|REALTIME_)/.test(name)
        ? []
        : [[name, value]],
    ),
  )
}
