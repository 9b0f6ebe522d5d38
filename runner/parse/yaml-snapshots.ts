import { hash } from 'node:crypto'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { inputOfArgument } from './generic-test.ts'
import type { PropertiesIndex } from './properties-index.ts'
import type { ProjectFile } from './read-files.ts'

/** A snapshot that is written in YAML alone, as the template file that it stands for. */
export interface YamlSnapshot {
  readonly name: string
  readonly at: Location
  readonly file: ProjectFile
}

/**
 * The snapshots of properties files that name their `relation:`. Each reads it whole; its template has the relation in
 * the line of the YAML where it is written, so that errors lead there.
 * @throws GmError GM1003 for a relation that is neither ref() nor source(); thrown as each is taken.
 */
export function* yamlSnapshots(index: PropertiesIndex): Generator<() => YamlSnapshot> {
  for (const [kind, { properties, from }] of index.all()) {
    const { name, at, relation } = properties
    if (kind !== 'snapshot' || relation === undefined) continue
    yield () => {
      if (inputOfArgument(relation.text, relation.at) === undefined) {
        throw new GmError('GM1003', `"relation" of the snapshot "${name}" names no relation`, {
          at: relation.at,
          hint: "Write relation: ref('orders') or relation: source('shop', 'orders').",
        })
      }
      const call = relation.text.replace(/^\s*\{\{|\}\}\s*$/g, '').trim()
      const text = `${'\n'.repeat(relation.at.line - 1)}select * from {{ ${call} }}`
      return { name, at, file: { ...from, text, checksum: hash('sha256', text) } }
    }
  }
}
