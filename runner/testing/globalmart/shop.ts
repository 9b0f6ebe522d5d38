import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Connection } from '../../project/project.ts'
import { copyOfProject, databaseUrl, gm } from '../gm.ts'
import { differences } from './differences.ts'
import type { Day } from './moment.ts'
import { oracle } from './oracle.ts'
import { readSeeds } from './read-seeds.ts'
import type { EventFile } from './stage-events.ts'

type Sql = (text: string) => Promise<Record<string, unknown>[]>

/** The variables of project.yml. */
const BOUNDS = { from: '2009-01-01', to: '2035-12-31' }

export const WITHOUT_SPEED_LAYER = [
  '--exclude',
  'path:models/globalmart/realtime',
  'sales_baselines',
] as const

/** A copy of the project on a test's database, worked with the built command, and what the oracle says of it. */
export class Shop {
  readonly root: string
  readonly remove: () => void
  readonly #env: Readonly<Record<string, string>>
  readonly #sql: Sql

  constructor(connection: Connection, sql: Sql) {
    const { root, remove } = copyOfProject()
    this.root = root
    this.remove = remove
    this.#env = databaseUrl(connection)
    this.#sql = sql
    mkdirSync(join(root, 'landing'))
  }

  async land(files: readonly EventFile[]): Promise<void> {
    for (const { topic, name, text } of files) {
      const path = join(this.root, 'landing', name)
      writeFileSync(path, text)
      await gm(this.root, ['ingest', 'file', topic, path], this.#env)
      rmSync(path)
    }
  }

  /** Builds the warehouse, or what the flags select; the speed layer is proved by tests of its own. */
  async build(...flags: readonly string[]): Promise<void> {
    const scope = flags.includes('--select') ? [] : WITHOUT_SPEED_LAYER
    await gm(this.root, ['build', '--quiet', ...scope, ...flags], this.#env)
  }

  /** Forgets all that was landed and built. */
  async empty(): Promise<void> {
    await this.#sql(
      'drop schema if exists raw, seeds, staging, intermediate, warehouse, realtime, gm cascade',
    )
  }

  /**
   * What differs from the oracle of the files that were landed; nothing where all tables are equal.
   * @param asOf as the last build was told, if it was
   */
  async differences(files: readonly EventFile[], asOf?: Day): Promise<string[]> {
    const { calendarRules, ...seeds } = readSeeds(this.root)
    const { tables, events } = oracle({
      files,
      ...seeds,
      calendar: { ...BOUNDS, ...calendarRules },
      ...(asOf === undefined ? {} : { asOf }),
    })
    await this.#sql(`set timezone = 'UTC'`)
    const [counted] = await this.#sql(`select
      (select count(*) from raw.transactions) + (select count(*) from raw.product_views)
        + (select count(*) from raw.cart_events) as landed,
      (select count(*) from raw.dead_letters) as dead`)
    const actual = `${String(counted?.['landed'])} landed, ${String(counted?.['dead'])} dead`
    const expected = `${events.landed} landed, ${events.deadLetters} dead`
    const found = actual === expected ? [] : [`${actual}, not ${expected}`]
    for (const table of tables) found.push(...(await differences(this.#sql, table)))
    return found
  }
}
