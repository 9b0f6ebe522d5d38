/*
 * The tree of a template. `start` is always an offset (UTF-16 units) in the file's text: where the construct begins
 * for the reader, which is the name of the called thing for a call and the operator's left side for an operation.
 */

export type Expr =
  | {
      readonly kind: 'const'
      readonly start: number
      readonly value: string | number | boolean | null
    }
  | { readonly kind: 'float'; readonly start: number; readonly value: number }
  | { readonly kind: 'name'; readonly start: number; readonly name: string }
  | { readonly kind: 'list'; readonly start: number; readonly items: readonly Expr[] }
  | { readonly kind: 'tuple'; readonly start: number; readonly items: readonly Expr[] }
  | {
      readonly kind: 'dict'
      readonly start: number
      readonly pairs: readonly (readonly [Expr, Expr])[]
    }
  | {
      readonly kind: 'attribute'
      readonly start: number
      readonly target: Expr
      readonly name: string
      readonly nameStart: number
    }
  | { readonly kind: 'item'; readonly start: number; readonly target: Expr; readonly index: Expr }
  | SliceExpr
  | CallExpr
  | FilterExpr
  | TestExpr
  | {
      readonly kind: 'unary'
      readonly start: number
      readonly op: '-' | '+' | 'not'
      readonly operand: Expr
    }
  | {
      readonly kind: 'binary'
      readonly start: number
      readonly op: BinaryOperator
      readonly left: Expr
      readonly right: Expr
    }
  | {
      readonly kind: 'and' | 'or'
      readonly start: number
      readonly left: Expr
      readonly right: Expr
    }
  | { readonly kind: 'concat'; readonly start: number; readonly parts: readonly Expr[] }
  | {
      readonly kind: 'compare'
      readonly start: number
      readonly first: Expr
      readonly rest: readonly { readonly op: CompareOperator; readonly right: Expr }[]
    }
  | {
      readonly kind: 'conditional'
      readonly start: number
      readonly test: Expr
      readonly then: Expr
      readonly otherwise: Expr | undefined
    }

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**'
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in'

export interface SliceExpr {
  readonly kind: 'slice'
  readonly start: number
  readonly target: Expr
  readonly from: Expr | undefined
  readonly to: Expr | undefined
  readonly step: Expr | undefined
}

export interface Arguments {
  readonly positional: readonly Expr[]
  readonly named: readonly { readonly name: string; readonly start: number; readonly value: Expr }[]
  /** `*list` */
  readonly rest: Expr | undefined
  /** `**dict` */
  readonly restNamed: Expr | undefined
}

export interface CallExpr {
  readonly kind: 'call'
  readonly start: number
  readonly callee: Expr
  readonly args: Arguments
}

export interface FilterExpr {
  readonly kind: 'filter'
  readonly start: number
  /** Undefined for the text of a `filter` or `set` block. */
  readonly target: Expr | undefined
  readonly name: string
  readonly nameStart: number
  readonly args: Arguments
}

export interface TestExpr {
  readonly kind: 'test'
  readonly start: number
  readonly target: Expr
  readonly name: string
  readonly nameStart: number
  readonly args: Arguments
}

export type Target =
  | { readonly kind: 'name'; readonly start: number; readonly name: string }
  | {
      readonly kind: 'attribute'
      readonly start: number
      readonly name: string
      readonly attribute: string
    }
  | { readonly kind: 'tuple'; readonly start: number; readonly items: readonly Target[] }

export interface TextNode {
  readonly kind: 'text'
  readonly start: number
  /** After whitespace control, with `\n` as the only line end. */
  readonly value: string
  /** Offsets of its lines: in `value` and in the file; blank lines left out. */
  readonly lines: readonly { readonly offset: number; readonly start: number }[]
}

export interface Parameter {
  readonly name: string
  readonly value: Expr | undefined
}

export interface MacroNode {
  readonly kind: 'macro'
  readonly start: number
  readonly name: string
  readonly nameStart: number
  readonly parameters: readonly Parameter[]
  readonly body: readonly Node[]
  /** Behind the end tag. */
  readonly end: number
  /** A body that names `varargs` or `kwargs` takes surplus arguments; otherwise they are an error. */
  readonly uses: Uses
}

/** Names that a piece of template mentions: what its checksum depends on. */
export interface Uses {
  readonly names: ReadonlySet<string>
  /** `package.macro` */
  readonly members: ReadonlySet<string>
  /** First arguments of `adapter.dispatch(…)`. */
  readonly dispatched: ReadonlySet<string>
}

export interface SnapshotNode {
  readonly kind: 'snapshot'
  readonly start: number
  readonly name: string
  /** The body's span in the file, whitespace control applied. */
  readonly bodyStart: number
  readonly bodyEnd: number
}

export type Node =
  | TextNode
  | { readonly kind: 'output'; readonly start: number; readonly value: Expr }
  | {
      readonly kind: 'if'
      readonly start: number
      readonly branches: readonly { readonly test: Expr; readonly body: readonly Node[] }[]
      readonly otherwise: readonly Node[]
    }
  | {
      readonly kind: 'for'
      readonly start: number
      readonly target: Target
      readonly iterable: Expr
      readonly filter: Expr | undefined
      readonly isRecursive: boolean
      readonly body: readonly Node[]
      readonly otherwise: readonly Node[]
    }
  | { readonly kind: 'set'; readonly start: number; readonly target: Target; readonly value: Expr }
  | {
      readonly kind: 'set-block'
      readonly start: number
      readonly target: Target
      readonly filters: readonly FilterExpr[]
      readonly body: readonly Node[]
    }
  | {
      readonly kind: 'with'
      readonly start: number
      readonly assignments: readonly { readonly target: Target; readonly value: Expr }[]
      readonly body: readonly Node[]
    }
  | { readonly kind: 'do'; readonly start: number; readonly value: Expr }
  | {
      readonly kind: 'filter-block'
      readonly start: number
      readonly filters: readonly FilterExpr[]
      readonly body: readonly Node[]
    }
  | {
      readonly kind: 'call-block'
      readonly start: number
      readonly call: CallExpr
      readonly parameters: readonly Parameter[]
      readonly body: readonly Node[]
    }
  | { readonly kind: 'break' | 'continue'; readonly start: number }
  | MacroNode
  | SnapshotNode

/** A parsed file, or one block of it. */
export interface Syntax {
  readonly file: string
  readonly text: string
  readonly body: readonly Node[]
  readonly macros: readonly MacroNode[]
  readonly snapshots: readonly SnapshotNode[]
  readonly uses: Uses
}
