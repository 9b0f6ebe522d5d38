import type { GivenConfig } from '../manifest/config-schema.ts'
import { checkNodeConfig } from '../manifest/config-schema.ts'
import { stackConfig } from '../manifest/merge-config.ts'
import type { NodeKind } from '../manifest/node.ts'
import type { Path } from '../project/explain-issues.ts'
import { valueAt } from '../project/explain-issues.ts'
import { unrenderedConfig } from '../project/unrendered-config.ts'
import type { Reading } from './reading.ts'
import { placesBelow } from './reading.ts'

/** Keys that dbt takes beside `config:` too. */
const BESIDE = [
  'meta',
  'tags',
  'docs',
  'access',
  'group',
  'freshness',
  'loaded_at_field',
  'loaded_at_query',
] as const

/** The configuration of a resource: what stands beside `config:` and what stands in it; both places count. */
export function readConfig(
  kind: NodeKind,
  raw: { readonly [K in (typeof BESIDE)[number]]?: unknown } & {
    readonly config?: Readonly<Record<string, unknown>> | undefined
  },
  path: Path,
  reading: Reading,
): GivenConfig {
  const beside = BESIDE.flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]] as const]))
  const levels: [Path, Readonly<Record<string, unknown>>][] = [
    [path, Object.fromEntries(beside)],
    [[...path, 'config'], raw.config ?? {}],
  ]
  return stackConfig(
    levels.map(([at, level]) => {
      const { config, errors } = checkNodeConfig(kind, level, placesBelow(at, reading), reading.own)
      reading.errors.push(...errors)
      const texts = unrenderedConfig(Object.keys(level), (key) =>
        valueAt(reading.unrendered, [...at, key]),
      )
      return { ...config, ...texts }
    }),
  )
}
