import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { PlaceOf } from '../project/explain-issues.ts'
import { argumentPlaces } from './argument-places.ts'
import { runValue } from './evaluate.ts'
import { newFrame } from './frame.ts'
import { GLOBALS } from './globals.ts'
import { runBody } from './interpret.ts'
import { lineMapOf } from './line-map.ts'
import type { BuiltInMacros, Macro, MacroLibrary } from './macro-library.ts'
import { macroLibrary, macrosReached, requireMacro } from './macro-library.ts'
import { parseTemplate } from './parse-template.ts'
import { builtin, fromPlain, locate, toPlain } from './plain-data.ts'
import { RETURN, Return } from './return-signal.ts'
import type { Limits, Run } from './run.ts'
import { DEFAULT_LIMITS } from './run.ts'
import type { Syntax } from './syntax.ts'
import type { MacroFile, Rendered, Scope, TemplateFile } from './template.ts'
import type { Mark, Value } from './values.ts'
import { LoopState, Text } from './values.ts'

export type { BuiltInMacros, Macro } from './macro-library.ts'

export interface SnapshotBlock {
  readonly name: string
  readonly at: Location
  /** The body; places in it count from the start of the whole file. */
  readonly file: TemplateFile
}

export interface RenderOptions {
  /** Default true. The text is the same either way; without it `lines` is empty. */
  readonly lineMap?: boolean
}

interface InnerOptions extends RenderOptions {
  readonly isNative?: boolean
}

export interface MacroResult extends Rendered {
  /** What the macro gave with `return()`, as plain data; otherwise its text. */
  readonly value: unknown
}

/** The macros of a project, and rendering with them. One serves a whole run. */
export interface Templates {
  /** By package, file and place. */
  readonly macros: readonly Macro[]
  /**
   * The macro that a template gets by this name (`name` or `package.name`).
   * @param from the package of that template; the project's own when not given.
   */
  findMacro(name: string, from?: string): Macro | undefined
  /** The macro as a value that a built-in may return to the template, such as `adapter.dispatch` does. */
  macroValue(name: string, from?: string): unknown
  /** @throws GmError with the exact place, and with the calls that led into a macro. */
  render(file: TemplateFile, scope: Scope, options?: RenderOptions): Rendered
  /**
   * The value of a setting: of a text that is one expression its value as plain data, of any other its text.
   * In it the filters as_bool, as_number, as_native and as_text say what text becomes.
   * @throws GmError as render.
   */
  evaluate(file: TemplateFile, scope: Scope): unknown
  /** @throws GmError GM2005 when there is no such macro. */
  callMacro(
    name: string,
    args: readonly unknown[],
    kwargs: Readonly<Record<string, unknown>>,
    scope: Scope,
    options?: RenderOptions,
  ): MacroResult
  /** Macros that the file's text mentions, and those that they mention, and so on; sorted by package and name. */
  macrosUsedBy(file: TemplateFile): readonly Macro[]
  macrosUsedByMacro(name: string): readonly Macro[]
  /** Where the arguments of a call stand, in the file or in one of macros. */
  placesOfCall(at: Location, file: TemplateFile): PlaceOf
  /** In the order of the file. */
  snapshotBlocks(file: TemplateFile): readonly SnapshotBlock[]
}

/** Parsing a file again (0.06 ms) costs less than the collector's work on the trees of thousands. */
const KEPT_FILES = 16

export interface TemplateOptions extends Partial<Limits> {
  /** The package whose macros have no need of a package name; that of the first file when not given. */
  readonly root?: string
  readonly builtIns?: BuiltInMacros
}

/**
 * Parses the macro files.
 * @throws GmError, or GmErrors with all of them: GM2001 syntax, GM2002 the same macro twice in a package.
 */
export function createTemplates(
  macroFiles: readonly MacroFile[],
  { root = macroFiles[0]?.package, builtIns = {}, ...limits }: TemplateOptions = {},
): Templates {
  // No Map: the storage that one gives up leads to its next storage, and through it the collector keeps all that was ever in it.
  const kept: { readonly file: string; readonly start: number; readonly syntax: Syntax }[] = []
  let oldest = 0
  const parse = (template: TemplateFile): Syntax => {
    const { file, text, span, package: owner } = template
    const start = span?.start ?? -1
    const known = kept.find(
      (one) => one.file === file && one.start === start && one.syntax.text === text,
    )
    if (known !== undefined) return known.syntax
    const syntax = parseTemplate(template, owner === undefined || owner === root)
    kept[oldest] = { file, start, syntax }
    oldest = (oldest + 1) % KEPT_FILES
    return syntax
  }
  const library = macroLibrary(macroFiles, root, builtIns, parse)
  const allLimits: Limits = { ...DEFAULT_LIMITS, ...limits }

  function execute(
    source: TemplateFile,
    scope: Scope,
    options: InnerOptions,
    body: (run: Run) => Value,
  ): MacroResult {
    const run = newRun(source, scope, library, allLimits, options)
    const result = placed(run, () => body(run))
    const text =
      result instanceof Text || typeof result === 'string' ? textOf(result) : run.out.text
    const marks = result instanceof Text ? result.marks : run.out.marks
    return {
      text,
      lines: lineMapOf(text, marks ?? []),
      value: placed(run, () => toPlain(result)),
    }
  }

  return {
    macros: library.all.map(({ macro }) => macro),
    findMacro: (name, from) => library.find(name, from)?.macro,
    macroValue: (name, from) => requireMacro(library, name, from).callable,
    render(file, scope, options = {}) {
      const syntax = parse(file)
      const { text, lines } = execute(file, scope, options, (run) => {
        runBody(run, syntax.body, newFrame())
        return run.out.marks === undefined ? run.out.text : new Text(run.out.text, run.out.marks)
      })
      return { text, lines }
    },
    callMacro(name, args, kwargs, scope, options = {}) {
      const { callable, macro } = requireMacro(library, name)
      const source = { file: macro.file, text: '', package: macro.package }
      return execute(source, scope, options, (run) =>
        callable.invoke(
          run,
          args.map((arg) => fromPlain(run, name, arg)),
          new Map(Object.entries(kwargs).map(([key, value]) => [key, fromPlain(run, key, value)])),
        ),
      )
    },
    evaluate(file, scope) {
      const [only, ...others] = parse(file).body
      if (only?.kind !== 'output' || others.length > 0) {
        return this.render(file, scope, { lineMap: false }).text
      }
      return execute(file, scope, { lineMap: false, isNative: true }, (run) =>
        runValue(run, only.value),
      ).value
    },
    macrosUsedBy: (file) => macrosReached(library, parse(file).uses, file.package),
    macrosUsedByMacro(name) {
      const start = requireMacro(library, name)
      return macrosReached(library, start.uses, start.macro.package).filter(
        (macro) => macro !== start.macro,
      )
    },
    placesOfCall(at, file) {
      const source = [file, ...macroFiles].find((one) => one.file === at.file)
      if (source === undefined) return () => at
      return argumentPlaces(parse(source), at, (start) =>
        locationAt(source.text, start, source.file),
      )
    },
    snapshotBlocks: (file) =>
      parse(file).snapshots.map(({ name, start, bodyStart, bodyEnd }) => ({
        name,
        at: locationAt(file.text, start, file.file),
        file: { ...file, span: { start: bodyStart, end: bodyEnd } },
      })),
  }
}

function newRun(
  source: TemplateFile,
  scope: Scope,
  library: MacroLibrary,
  limits: Limits,
  { lineMap = true, isNative = false }: InnerOptions,
): Run {
  /** By package: a bare name of a macro means another one there. */
  const found = new Map<string | undefined, Map<string, Value>>()
  const replaced = (name: string): Value | undefined => {
    const { macros = {} } = scope
    if (Object.hasOwn(macros, name)) return builtin(name, () => macros[name])
    const isPackage = Object.keys(macros).some((key) => key.startsWith(`${name}.`))
    if (!isPackage) return undefined
    return new LoopState(`package "${name}"`, (key) => {
      const full = `${name}.${key}`
      return Object.hasOwn(macros, full)
        ? builtin(full, () => macros[full])
        : library.find(full)?.callable
    })
  }
  const resolve = (name: string): Value | undefined => {
    const instead = scope.macros === undefined ? undefined : replaced(name)
    if (instead !== undefined) return instead
    const macro = name.includes('.') ? undefined : library.find(name, run.source.package)
    if (macro !== undefined) return macro.callable
    if (Object.hasOwn(scope.functions, name)) {
      const body = scope.functions[name]
      if (body !== undefined) return builtin(name, body)
    }
    if (Object.hasOwn(scope.values, name)) return fromPlain(run, name, scope.values[name])
    return library.packageObject(name) ?? (name === 'return' ? RETURN : GLOBALS.get(name))
  }
  const started = performance.now()
  const marks: Mark[] | undefined = lineMap ? [] : undefined
  const run: Run = {
    limits,
    lookup: (name) => {
      const owner = run.source.package
      const known = found.get(owner) ?? new Map<string, Value>()
      found.set(owner, known)
      let value = known.get(name)
      if (value !== undefined) return value
      value = resolve(name)
      if (value !== undefined) known.set(name, value)
      return value
    },
    names: () => [
      ...library.names(run.source.package),
      ...Object.keys(scope.functions),
      ...Object.keys(scope.values),
      ...GLOBALS.keys(),
      'return',
    ],
    isNative,
    modules: new Map(),
    now: () => performance.now(),
    deadline: started + limits.maxMs,
    converted: new WeakMap(),
    calls: [],
    source,
    position: 0,
    out: { text: '', marks },
    steps: 0,
    clockAt: 2048,
    written: 0,
    made: 0,
  }
  return run
}

function textOf(value: Text | string): string {
  return value instanceof Text ? value.text : value
}

/** Gives an error without a place the one where the run stands, with the calls that led there. */
function placed<T>(run: Run, body: () => T): T {
  try {
    return body()
  } catch (error) {
    const at = locate({ source: run.source, start: run.position })
    const calledFrom = run.calls.toReversed().map(locate)
    if (error instanceof RangeError) {
      const message = /call stack/.test(error.message)
        ? 'the template is nested too deep'
        : 'the template makes a text or a list that is too large'
      const hint = 'Look for a loop that grows, or for brackets inside brackets without end.'
      throw new GmError('GM3006', message, { at, calledFrom, hint, cause: error })
    }
    if (error instanceof Return) {
      throw new GmError('GM3008', 'return() stands outside of a macro', { at, calledFrom })
    }
    if (!(error instanceof GmError) || error.at !== undefined) throw error
    throw new GmError(error.code, error.message, {
      at,
      calledFrom,
      hint: error.hint,
      cause: error.cause,
    })
  }
}
