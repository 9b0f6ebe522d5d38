import type { Statement } from '../engine/statement.ts'
import type { SeedNode } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import type { Materialization, Materials } from './materialize.ts'
import { buildAndPublish } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** What decides a seed's table: its rows and the types of its columns. */
export function seedFingerprint(node: SeedNode): string {
  return `${node.checksum} ${JSON.stringify(node.fields)} ${JSON.stringify(node.config.indexes)}`
}

/** A new table with the rows of the file. */
export function fillSeed(node: SeedNode, tableQuoted: string): readonly Statement[] {
  const names = node.fields.map(({ name }) => name)
  const delimiter = node.config.delimiter ?? ','
  return [
    {
      purpose: 'create',
      sql: `create table ${tableQuoted} (\n  ${node.fields.map((f) => `${identifier(f.name)} ${f.type}`).join(',\n  ')}\n)`,
    },
    {
      purpose: 'load',
      sql: `copy ${tableQuoted} (${names.map(identifier).join(', ')}) from stdin with (format csv, header true, delimiter '${delimiter}')`,
      copyFrom: { file: node.file, delimiter, columns: names },
      counts: 'inserted',
    },
  ]
}

/** Loads a CSV through COPY into a new table and swaps it in. */
export function materializeSeed(node: SeedNode, materials: Materials): Materialization {
  return {
    transactions: buildAndPublish({
      node,
      materials,
      fill: (hidden) => fillSeed(node, hidden),
      indexes: node.config.indexes,
      notNull: [],
      tracking: [],
      marks: [],
      record: recordBuild(
        node,
        { fingerprint: seedFingerprint(node) },
        materials,
        'load seed',
        true,
      ),
    }),
  }
}
