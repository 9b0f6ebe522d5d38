import type { Options } from 'minisearch'

/** What is found by: one of each node. */
export interface SearchDocument {
  /** Position of the node in the site's index. */
  readonly id: number
  readonly name: string
  readonly columns: string
  readonly tags: string
  readonly description: string
  readonly sql: string
}

/** The same where the index is made and where it is searched. */
export const SEARCH_OPTIONS: Options<SearchDocument> = {
  fields: ['name', 'columns', 'tags', 'description', 'sql'],
  tokenize: wordsOf,
  searchOptions: {
    boost: { name: 8, columns: 3, tags: 3, description: 2, sql: 0.5 },
    prefix: (term) => term.length > 1,
    // One slip in short words, two in long ones; none where it would find half of the project.
    fuzzy: (term) => (term.length < 4 || /^\d+$/.test(term) ? false : term.length < 8 ? 1 : 2),
    combineWith: 'AND',
  },
}

/** `fact_sales` and `factSales` are found by `sales`. */
export function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}
