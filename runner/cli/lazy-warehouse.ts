import { GmError } from '../base/error.ts'
import type { RelationState } from '../engine/adapter.ts'
import type { Relation } from '../manifest/node.ts'
import type { Said } from '../parse/shared-scope.ts'
import type { Project } from '../project/project.ts'
import type { Talk } from './compile-whole.ts'
import type { OpenWarehouse } from './connect.ts'
import type { Io } from './io.ts'

/** The database of commands that mostly need none: reached when it is asked for the first time. */
export class LazyWarehouse {
  readonly #project: Project
  readonly #io: Io
  readonly #mayConnect: boolean
  #warehouse: OpenWarehouse | undefined

  constructor(project: Project, mayConnect: boolean, io: Io) {
    this.#project = project
    this.#mayConnect = mayConnect
    this.#io = io
  }

  readonly describe = async (
    relations: readonly Relation[],
  ): Promise<ReadonlyMap<string, RelationState>> =>
    await (await this.#reach()).adapter.describe(relations)

  /**
   * Compiles without a database; where a template asks one, again with it. Rendering cannot wait for a connection, and
   * most projects never ask.
   * @param say is told of what the templates say, once.
   * @throws GmError GM3008 where a template asks and connecting is not allowed.
   */
  async whileItCompiles<T>(compile: (talk: Talk) => T, say: (said: Said) => void): Promise<T> {
    const asked: string[] = []
    const said: Said[] = []
    try {
      const result = compile({
        say: (words) => said.push(words),
        runQuery: (sql) => {
          asked.push(sql)
          throw new GmError(
            'GM3008',
            'a template asks the database, and it may not be asked here',
            {
              hint: 'Leave --no-introspect out, or guard the query with a variable.',
            },
          )
        },
      })
      for (const words of said) say(words)
      return result
    } catch (error) {
      if (asked.length === 0 || !this.#mayConnect) throw error
    }
    const { runQuery } = await this.#reach()
    return compile({ runQuery, say })
  }

  async close(): Promise<void> {
    await this.#warehouse?.close()
  }

  async #reach(): Promise<OpenWarehouse> {
    // Drivers are loaded for those who need them.
    const { connect } = await import('./connect.ts')
    this.#warehouse ??= await connect(this.#project, this.#io)
    return this.#warehouse
  }
}
