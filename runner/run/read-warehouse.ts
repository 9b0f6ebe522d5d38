import type { Session } from '../engine/adapter.ts'
import type { Relation } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import type { Warehouse } from '../plan/plan-request.ts'
import { isMadeByOthers } from '../plan/take-over.ts'
import { EMPTY_LEDGER, readLedger } from '../state/ledger.ts'
import type { RunRequest } from './run-request.ts'

/** What stands behind the names of a manifest, and what the ledger knows of them. */
export async function readWarehouse(
  request: RunRequest,
  session: Session,
  manifest = request.manifest,
): Promise<Warehouse> {
  const relations: Relation[] = []
  const built: string[] = []
  for (const node of manifest.nodes.values()) {
    if (isBuilt(node)) built.push(quoted(node.relation))
    if (isBuilt(node) || node.kind === 'source') relations.push(node.relation)
  }
  let before: string | undefined
  for (;;) {
    const [states, ledger = EMPTY_LEDGER] = await Promise.all([
      request.adapter.describe(relations),
      readLedger(session, request.signal),
    ])
    // What another run publishes between the two readings looks like a table that somebody else has made. If it is one, it
    // looks the same the next time.
    const doubtful = built
      .filter((name) => isMadeByOthers(states.get(name), ledger.entries.get(name)))
      .map((name) => {
        const theirs = states.get(name)?.generation
        return [name, theirs, ledger.entries.get(name)?.basis?.generation].join(' ')
      })
      .join('\n')
    if (doubtful === '' || doubtful === before) return { relations: states, ledger }
    before = doubtful
  }
}
