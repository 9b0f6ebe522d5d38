import type { ColumnInfo, Node } from '../manifest/node.ts'
import type { LineageColumn } from '../sql/column-lineage.ts'
import { VERSION_XID_COLUMN, XID_COLUMN } from '../state/marks.ts'
import type { NodeEdges } from './column-edges.ts'
import { plainText } from './plain-text.ts'
import type { RelationFacts } from './relation-facts.ts'
import { renderMarkdown } from './render-markdown.ts'
import type {
  ColumnPage,
  ColumnPlace,
  ColumnStatistics,
  InheritedTests,
  TestPage,
} from './site-data.ts'

interface ColumnSources {
  /** Undefined where the database was not asked or has no such relation. */
  readonly facts: RelationFacts | undefined
  /** In the order of the query. */
  readonly lineage: readonly LineageColumn[]
  readonly edges: NodeEdges | undefined
  /** Those of the node. */
  readonly tests: readonly TestPage[]
  readonly statistics: ReadonlyMap<string, ColumnStatistics> | undefined
  /** The description of the column that a column without one is a copy of. */
  readonly inherited: (
    column: string,
  ) => { readonly info: ColumnInfo; readonly at: ColumnPlace } | undefined
  /** The tests of the column that a column without any is a copy of. */
  readonly inheritedTests: (column: string) => InheritedTests | undefined
  /** The marked column because of which a column holds personal data. */
  readonly personal: (column: string) => ColumnPlace | undefined
}

/**
 * The columns of a node: in the order of the database, where it was asked, else in that of the query; what is
 * documented and in neither comes last.
 */
export function describeColumns(node: Node, from: ColumnSources): readonly ColumnPage[] {
  if (node.kind === 'test') return []
  const { facts, lineage, edges, statistics } = from
  const known = new Map<string, { readonly type?: string; readonly isRequired?: true }>()
  if (facts === undefined) {
    const fields = node.kind === 'seed' ? node.fields : lineage
    for (const { name, type } of fields) known.set(name, type === undefined ? {} : { type })
  } else {
    for (const { name, type, isNullable } of facts.columns) {
      known.set(name, { type, ...(isNullable ? {} : { isRequired: true as const }) })
    }
  }
  const names = new Set([...known.keys(), ...node.columns.keys()])
  return [...names].map((name): ColumnPage => {
    const info = node.columns.get(name)
    const { type = info?.data_type, ...rest } = known.get(name) ?? {}
    const found = edges?.get(name)
    const sample = statistics?.get(name)
    const isDescribed = info !== undefined && info.description.trim() !== ''
    const inherited = isDescribed || name in KEPT_BY_GM ? undefined : from.inherited(name)
    const personal = from.personal(name)
    const isTested = from.tests.some(({ column }) => column === name)
    const inheritedTests = isTested ? undefined : from.inheritedTests(name)
    return {
      name,
      ...(type === undefined ? {} : { type }),
      ...rest,
      ...(info === undefined && name in KEPT_BY_GM
        ? { descriptionHtml: `<p>${KEPT_BY_GM[name] ?? ''}</p>` }
        : documentation(info)),
      ...(inherited === undefined
        ? {}
        : {
            descriptionHtml: renderMarkdown(inherited.info.description) ?? '',
            describedBy: inherited.at,
          }),
      ...(inheritedTests === undefined ? {} : { inheritedTests }),
      ...(personal === undefined ? {} : { personal }),
      ...(facts !== undefined && !known.has(name) ? { isMissing: true as const } : {}),
      ...(sample === undefined ? {} : { statistics: sample }),
      ...(found?.from === undefined ? {} : { from: found.from }),
      ...(found?.to === undefined ? {} : { to: found.to }),
    }
  })
}

/** Columns that nobody can describe, because nobody wrote them. */
const KEPT_BY_GM: Readonly<Record<string, string>> = {
  [XID_COLUMN]: 'Kept by gm: the transaction that wrote the row.',
  [VERSION_XID_COLUMN]: 'Kept by gm: the transaction that set the interval of the version.',
}

function documentation(
  info: ColumnInfo | undefined,
): Pick<ColumnPage, 'descriptionHtml' | 'tags' | 'meta'> {
  if (info === undefined) return {}
  const html = renderMarkdown(info.description)
  const meta = Object.entries(info.meta).map(([key, value]) => [key, plainText(value)] as const)
  return {
    ...(html === undefined ? {} : { descriptionHtml: html }),
    ...(info.tags.length === 0 ? {} : { tags: info.tags }),
    ...(meta.length === 0 ? {} : { meta }),
  }
}
