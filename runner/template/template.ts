import type { Location } from '../base/location.ts'

/** One template file. */
export interface TemplateFile {
  /** Relative to the project root; used in every place. Built-in macros use `gm:<name>`. */
  readonly file: string
  readonly text: string
  /** Whose macros its bare names mean first; the project's own when not given. */
  readonly package?: string
  /** Only this part is the template (one snapshot block, say); places still count from the start of the file. */
  readonly span?: { readonly start: number; readonly end: number }
}

export interface MacroFile extends TemplateFile {
  readonly package: string
}

/** A call from a template to a built-in such as `ref`. */
export interface Call {
  readonly args: readonly unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Where the call stands: in the model, or in the macro that the model called. */
  readonly at: Location
  /** The package of the text that the call stands in, where that is known. */
  readonly package?: string
  /** Callers of that macro, from the inside out; the last is in the rendered file. */
  readonly calledFrom: readonly Location[]
  /** Renders the body of `{% call f(…) %}…{% endcall %}`. */
  readonly caller?: () => string
}

/**
 * A function that templates can call. Its arguments are plain data, TemplateObjects and opaque functions (macros).
 * A GmError that it throws without a place gets the call's; one with its own `at` is kept as it is. It may return
 * plain data, a TemplateObject, another Builtin or a macro; `undefined` prints as nothing.
 */
export type Builtin = (call: Call) => unknown

/** A thing with members for templates, such as a relation or `target`. Templates reach nothing but what is listed. */
export class TemplateObject {
  /** What error messages call it: `relation`. */
  readonly type: string
  /** What `{{ object }}` prints; without it printing is an error. */
  readonly text: string | undefined
  readonly values: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, Builtin>>
  /** What `object(…)` does: `config` is called and has members. Without it a call is an error. */
  readonly call: Builtin | undefined
  /** What `object[0]`, loops and `length` see: the cells of a row, the rows of a table. */
  readonly items: readonly Item[] | undefined
  /** What `object + other` and, with -1, `object - other` give; undefined where that means nothing. */
  readonly plus: ((other: TemplateObject, sign: 1 | -1) => TemplateObject | undefined) | undefined

  constructor(
    type: string,
    members: {
      readonly text?: string
      readonly values?: Readonly<Record<string, unknown>>
      readonly functions?: Readonly<Record<string, Builtin>>
      readonly call?: Builtin
      readonly items?: readonly Item[]
      readonly plus?: TemplateObject['plus']
    },
  ) {
    this.type = type
    this.text = members.text
    this.values = members.values ?? {}
    this.functions = members.functions ?? {}
    this.call = members.call
    this.items = members.items
    this.plus = members.plus
  }
}

export type Item = string | number | boolean | null | TemplateObject

/**
 * What a template can reach, by name. Plain data (strings, numbers, booleans, null, arrays, Maps and plain objects of
 * these, TemplateObject) and built-ins. Nothing else passes the sandbox.
 */
export interface Scope {
  readonly values: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, Builtin>>
  /** What calls of these macros and functions give in place of running them, by `name` or `package.name`. */
  readonly macros?: Readonly<Record<string, unknown>>
}

/** From rendered text back to the files it came from. Serialisable, so that compiled nodes can be cached. */
export interface LineMap {
  /**
   * @param offset code points from 0 in the rendered text.
   * @returns the place of that text in its template (or macro) file; the nearest one before it for text that came
   *   from an expression; undefined for an empty map.
   */
  locate(offset: number): Location | undefined
  /** For text of a macro: where it was printed, from the macro outwards. Empty for all other text. */
  callersOf(offset: number): readonly Location[]
  /** Segments in ascending order of `offset`. */
  readonly segments: readonly LineMapSegment[]
}

export interface LineMapSegment {
  readonly offset: number
  readonly at: Location
  /** Template text: columns count on from `at`. Absent for what an expression printed. */
  readonly isText?: true
  /** Absent outside of macros. */
  readonly calledFrom?: readonly Location[]
}

export interface Rendered {
  readonly text: string
  readonly lines: LineMap
}
