import { join } from 'node:path'
import { writeSite } from '../docs/write-site.ts'
import type { Manifest } from '../manifest/node.ts'
import { REPOSITORY } from './gm.ts'

/** The docs site of a manifest about which nothing else is known: no database, lineage or compiled SQL. */
export function writeBareSite(manifest: Manifest, folder: string): void {
  writeSite(
    {
      manifest,
      version: '0',
      target: 'test',
      generatedAt: new Date(0),
      relations: undefined,
      statistics: new Map(),
      lineage: undefined,
      history: undefined,
      compile: () => ({}),
      readText: () => undefined,
      freshness: new Map(),
      topics: [],
    },
    folder,
    join(REPOSITORY, 'dist', 'site'),
    (text) => text,
  )
}
