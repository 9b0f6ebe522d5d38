import { GmError } from '../base/error.ts'
import type { Node } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import { TemplateObject } from '../template/template.ts'

/**
 * What `history_is_sound` looks at: the test's arguments, else what the snapshot under test says itself.
 * A row that is gone leaves a gap only with `hard_deletes: invalidate`, so only there gaps are allowed without being asked for.
 * @throws GmError GM2008 for a table that is no snapshot where the arguments do not tell.
 */
export function testedHistory(
  given: Readonly<Record<string, unknown>>,
  on: Node | undefined,
  test: Node,
): TemplateObject {
  const own = on?.kind === 'snapshot' ? ownHistory(on) : undefined
  const key = textsOf(given.unique_key) ?? own?.key
  const begins = textOf(given.valid_from) ?? own?.begins
  const ends = textOf(given.valid_to) ?? own?.ends
  if (key === undefined || begins === undefined || ends === undefined) {
    throw new GmError('GM2008', 'history_is_sound must be told where the history is', {
      at: test.at,
      hint: 'Give unique_key, valid_from and valid_to; for a snapshot gm knows them.',
    })
  }
  const openEnd = textOf(given.open_end) ?? own?.openEnd
  const end = identifier(ends)
  return new TemplateObject('history', {
    values: {
      key: key.map(identifier).join(', '),
      key_is_null: key.map((column) => `${identifier(column)} is null`).join(' or '),
      begins: identifier(begins),
      ends: end,
      holds: openEnd === undefined ? `${end} is null` : `${end} is null or ${end} = (${openEnd})`,
      allow_gaps:
        typeof given.allow_gaps === 'boolean' ? given.allow_gaps : (own?.hasGaps ?? false),
    },
  })
}

interface OwnHistory {
  readonly key: readonly string[]
  readonly begins: string
  readonly ends: string
  readonly openEnd: string | undefined
  readonly hasGaps: boolean
}

function ownHistory({ config }: Node): OwnHistory {
  if (config.strategy === 'events') {
    return {
      key: config.unique_key,
      begins: 'effective_from',
      ends: 'effective_to',
      openEnd: `timestamptz '9999-12-31 00:00:00+00'`,
      hasGaps: false,
    }
  }
  const names = config.snapshot_meta_column_names ?? {}
  return {
    key: config.unique_key,
    begins: names.dbt_valid_from ?? 'dbt_valid_from',
    ends: names.dbt_valid_to ?? 'dbt_valid_to',
    openEnd: config.dbt_valid_to_current,
    hasGaps: config.hard_deletes === 'invalidate',
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function textsOf(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return [value]
  return Array.isArray(value) ? value.map(String) : undefined
}
