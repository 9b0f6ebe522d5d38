/** A selection as a tree; what `--select`, `--exclude` and later selectors.yml are parsed into. */
export type Selector =
  | Criterion
  | { readonly op: 'union'; readonly of: readonly Selector[] }
  | { readonly op: 'intersection'; readonly of: readonly Selector[] }

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
}
