import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { processIo } from '../../cli/io.ts'
import { runCli } from '../../cli/run-cli.ts'
import { gm, REPOSITORY } from '../gm.ts'

interface Case {
  readonly words: readonly string[]
  /** As `dbt ls` prints them; null where dbt refuses the selection. */
  readonly nodes: readonly string[] | null
}

const { cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'dbt-selections.json'), 'utf8'),
) as { cases: readonly Case[] }

const OF_PACKAGES = [
  'almanac.almanac_days',
  'till.till_at_most_till_digits_digits__2',
  'till.till_digits',
  'till.till_receipts',
]

/** Where gm answers otherwise on purpose. */
const MEANT: Readonly<Record<string, { more?: readonly string[]; fewer?: readonly string[] }>> = {
  // gm knows the strategy of an incremental model that names none.
  '--select config.incremental_strategy:merge': {
    more: [
      'bookshop.incremental.inc_asks_itself',
      'bookshop.incremental.inc_grow_append',
      'bookshop.incremental.inc_orders_by_key',
      'bookshop.incremental.sums_to_inc_grow_append_book_id__title__ref_stg_books_',
    ],
  },
  // A path is a place below the project: in dbt it is also one below each package, where the project has such a folder.
  '--select path:models': { fewer: OF_PACKAGES },
  '--select path:models/': { fewer: OF_PACKAGES },
  '--select path:seeds': { fewer: ['almanac.holidays'] },
  '--exclude path:models path:tests': { more: OF_PACKAGES },
}

const surroundings = processIo([])
let root = ''

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'gm-bookshop-'))
  cpSync(join(REPOSITORY, 'bench/dbt/bookshop'), root, { recursive: true })
  await gm(root, ['deps'])
})

afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

/** What `gm ls` prints, sorted; null when it refuses. In this process: starting one for each case takes a minute. */
async function list(words: readonly string[]): Promise<readonly string[] | null> {
  let text = ''
  const io = {
    ...surroundings,
    cwd: root,
    env: {},
    out: (more: string) => (text += more),
    err: () => undefined,
  }
  const code = await runCli(['ls', ...words], io)
  return code === 0 ? text.split('\n').filter(Boolean).sort() : null
}

describe('gm ls of the bookshop', () => {
  test.each(cases.map(({ words, nodes }) => [words.join(' '), words, nodes] as const))(
    '%s answers as dbt does',
    async (line, words, nodes) => {
      const listed = await list(words)
      // A selector that matches nothing is a mistake in gm, and a warning that scrolls by in dbt.
      if (nodes?.length === 0 && listed === null) return
      const { more = [], fewer = [] } = MEANT[line] ?? {}
      const expected = nodes?.filter((name) => !fewer.includes(name)).concat(more)
      expect(listed).toEqual(expected?.sort() ?? null)
    },
  )
})
