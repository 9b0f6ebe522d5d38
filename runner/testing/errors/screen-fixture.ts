import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Ended } from '../gm.ts'
import { databaseUrl, startGm } from '../gm.ts'
import { test as base } from '../sql-fixture.ts'

/** A command line, and where and with what it is run. */
export interface Shown {
  readonly root: string
  readonly args: readonly string[]
  /** Over the settings that send gm to the test's database. */
  readonly env?: Readonly<Record<string, string>>
  /** Texts of this run alone, with what stands for them in the golden file. */
  readonly replace?: Readonly<Record<string, string>>
}

interface ScreenFixture {
  /** Compares what ended, byte by byte, with `screens/<name>.txt`; UPDATE=1 writes that file instead. */
  expectScreen: (name: string, shown: Shown, ended: Ended) => void
  /** Runs gm to its end and compares its screen. */
  screen: (name: string, shown: Shown) => Promise<Ended>
  /** Waits until a statement that contains the text runs in the test's database; gives the process of its session. */
  untilRuns: (text: string) => Promise<number>
  /** Waits until no such statement runs any more; gives the milliseconds. */
  untilGone: (text: string) => Promise<number>
  /** Sends gm to the test's database. */
  env: Readonly<Record<string, string>>
}

const SCREENS = join(import.meta.dirname, 'screens')

/** vitest's `test` for what a user sees: the whole screen of the built command, kept as a text file. */
export const test = base.extend<ScreenFixture>({
  env: async ({ connection }, use) => {
    await use(databaseUrl(connection))
  },

  expectScreen: async ({ connection }, use) => {
    await use((name, shown, ended) => {
      const { host, port, user, database } = connection
      const text = normalised(asText(shown.args, ended), {
        ...shown.replace,
        [shown.root]: '/project',
        [database]: 'warehouse',
        [`${host}:${port}`]: 'localhost:5432',
        [`"${user}"`]: '"user"',
      })
      const file = join(SCREENS, `${name}.txt`)
      if (mayUpdate()) writeFileSync(file, text)
      expect(text, `screens/${name}.txt`).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '')
    })
  },

  untilRuns: async ({ sql }, use) => {
    await use(async (text) => {
      for (let i = 0; i < 600; i++) {
        const [row] = await sql<{ pid: number }>(RUNNING, [text])
        if (row !== undefined) return row.pid
        await sleep(50)
      }
      throw new Error(`no statement with ${text} began`)
    })
  },

  untilGone: async ({ sql }, use) => {
    await use(async (text) => {
      const begin = performance.now()
      while (performance.now() - begin < 30_000) {
        if ((await sql(RUNNING, [text])).length === 0) return performance.now() - begin
        await sleep(20)
      }
      throw new Error(`a statement with ${text} still runs`)
    })
  },

  screen: async ({ env, expectScreen }, use) => {
    await use(async (name, shown) => {
      const ended = await startGm(shown.root, shown.args, { ...env, ...shown.env }).ended
      expectScreen(name, shown, ended)
      return ended
    })
  },
})

const RUNNING = `select pid from pg_stat_activity
where datname = current_database() and state = 'active' and strpos(query, $1) > 0 and pid <> pg_backend_pid()`

function mayUpdate(): boolean {
  return process.env['UPDATE'] === '1' && (process.env['CI'] ?? '') === ''
}

function asText(args: readonly string[], { status, stdout, stderr }: Ended): string {
  const words = args.map((word) => (/[\s{]/.test(word) ? `'${word}'` : word))
  return [
    `$ gm ${words.join(' ')}\n`,
    stdout === '' ? '' : `[stdout]\n${stdout}`,
    stderr === '' ? '' : `[stderr]\n${stderr}`,
    `[exit ${String(status)}]\n`,
  ].join('')
}

/** What differs from run to run is made the same; everything else has to be equal. */
function normalised(text: string, replace: Readonly<Record<string, string>>): string {
  let same = text
  // Longest first: a path may hold a name.
  for (const [found, instead] of Object.entries(replace).sort(([a], [b]) => b.length - a.length)) {
    same = same.replaceAll(found, instead)
  }
  return same
    .replace(/^\d\d:\d\d:\d\d {2}/gm, '12:00:00  ')
    .replace(/\b\d+(\.\d+)?s\b/g, '0.01s')
    .replace(/gm_\d{8}_\d{6}_[0-9a-f]+\.log/g, 'gm_20110101_120000_abc.log')
    .replace(/\bpid \d+/g, 'pid 100')
    .replace(/^ {2}slowest .*\n/gm, '')
}
