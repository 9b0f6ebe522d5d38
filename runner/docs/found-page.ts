import type { NodeId } from '../manifest/node.ts'
import type { IndexNode, NodePage, TestPage } from './site-data.ts'

/** A page with its entry in the index, whose parents are still names. */
export interface FoundPage {
  /** Tests from YAML have a page and no entry. */
  readonly draft: Omit<IndexNode, 'parents' | 'chunk'> & { readonly reads: readonly string[] }
  readonly page: NodePage
  /** As it was written, for the search. */
  readonly description: string
  readonly test?: { readonly page: TestPage; readonly on: NodeId | undefined }
  readonly isIndexed: boolean
}
