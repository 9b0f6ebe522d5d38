import type { Location } from '../base/location.ts'

/** One template file. */
export interface TemplateFile {
  /** Relative to the project root; used in every place. Built-in macros use `gm:<name>`. */
  readonly file: string
  readonly text: string
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
  /** Callers of that macro, from the inside out; the last is in the rendered file. */
  readonly calledFrom: readonly Location[]
}

/** A function that templates can call. Whatever it throws as GmError with its own `at` is kept as it is. */
export type Builtin = (call: Call) => unknown

/**
 * What a template can reach, by name. Plain data (strings, numbers, booleans, null, arrays, Maps and plain objects of
 * these, TemplateObject) and built-ins. Nothing else passes the sandbox.
 */
export interface Scope {
  readonly values: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, Builtin>>
}

/** From rendered text back to the files it came from. Serialisable, so that compiled nodes can be cached. */
export interface LineMap {
  /**
   * @param offset code points from 0 in the rendered text.
   * @returns the place of that text in its template (or macro) file; the nearest one before it for text that came
   *   from an expression; undefined for an empty map.
   */
  locate(offset: number): Location | undefined
  /** Segments in ascending order of `offset`. */
  readonly segments: readonly LineMapSegment[]
}

export interface LineMapSegment {
  readonly offset: number
  readonly at: Location
}

export interface Rendered {
  readonly text: string
  readonly lines: LineMap
}
