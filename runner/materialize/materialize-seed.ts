import type { SeedNode } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import type { Materialization, Materials } from './materialize.ts'
import { buildAndPublish } from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** What decides a seed's table: its rows and the types of its columns. */
export function seedFingerprint(node: SeedNode): string {
  return `${node.checksum} ${JSON.stringify(node.fields)} ${JSON.stringify(node.config.indexes)}`
}

/** Loads a CSV through COPY into a new table and swaps it in. */
export function materializeSeed(node: SeedNode, materials: Materials): Materialization {
  return {
    transactions: buildAndPublish({
      node,
      materials,
      fill: (hidden) => [
        {
          purpose: 'create',
          sql: `create table ${hidden} (\n  ${node.fields.map((f) => `${identifier(f.name)} ${f.type}`).join(',\n  ')}\n)`,
        },
        {
          purpose: 'load',
          sql: `copy ${hidden} (${node.fields.map((f) => identifier(f.name)).join(', ')}) from stdin with (format csv, header true, delimiter '${node.config.delimiter ?? ','}')`,
          copyFrom: {
            file: node.file,
            delimiter: node.config.delimiter ?? ',',
            columns: node.fields.map((f) => f.name),
          },
          counts: 'inserted',
        },
      ],
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
