/** A selection as a tree; what `--select`, `--exclude` and the definitions of selectors.yml are parsed into. */
export type Selector =
  | Criterion
  | {
      readonly op: 'union' | 'intersection'
      readonly of: readonly Selector[]
      /** Tests that no part could take along for want of parents are looked at again with all parts together. */
      readonly indirect?: IndirectSelection
    }
  | { readonly op: 'difference'; readonly from: Selector; readonly minus: Selector }
  /** A selector of selectors.yml as it stands there, its own `exclude` included. */
  | { readonly op: 'named'; readonly name: string }

/** `[@][n+]method.argument:value[+n]` */
export interface Criterion {
  readonly op: 'criterion'
  /** As the user wrote it, for messages. */
  readonly text: string
  readonly method: string
  /** What follows the method behind dots: `['meta', 'owner']` of `config.meta.owner`. */
  readonly arguments: readonly string[]
  readonly value: string
  /** `@`: the children, and all parents of all of these. */
  readonly childrensParents: boolean
  /** Steps up; undefined for none, Infinity without a number. */
  readonly parentsDepth: number | undefined
  /** Steps down, likewise. */
  readonly childrenDepth: number | undefined
  /** Given by selectors.yml for this one criterion, over the command line's. */
  readonly indirect?: IndirectSelection
}

/**
 * Which tests come along with what they test: `eager` all with a selected parent; `cautious` those whose parents are
 * all selected; `buildable` those whose parents are selected or above what is selected; `empty` none.
 */
export type IndirectSelection = 'eager' | 'cautious' | 'buildable' | 'empty'

export const INDIRECT_SELECTIONS: readonly IndirectSelection[] = [
  'eager',
  'cautious',
  'buildable',
  'empty',
]
