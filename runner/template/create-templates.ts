import { GmError, gmErrorsOf, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import { GLOBALS } from './globals.ts'
import { macroCallable, newFrame, RETURN, Return, runBody } from './interpret.ts'
import { lineMapOf } from './line-map.ts'
import { parseTemplate } from './parse-template.ts'
import { builtin, fromPlain, locate, toPlain } from './plain-data.ts'
import type { Limits, Run } from './run.ts'
import { DEFAULT_LIMITS } from './run.ts'
import type { MacroNode, Syntax, Uses } from './syntax.ts'
import type { MacroFile, Rendered, Scope, TemplateFile } from './template.ts'
import type { Callable, Mark, Value } from './values.ts'
import { LoopState, Text } from './values.ts'

export interface Macro {
  /** A `{% test x %}` is named `test_x`. */
  readonly name: string
  readonly package: string
  readonly at: Location
  readonly parameters: readonly string[]
  readonly file: string
  /** The macro's own text, tags included. */
  readonly text: string
}

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

export interface MacroResult extends Rendered {
  /** What the macro gave with `return()`, as plain data; otherwise its text. */
  readonly value: unknown
}

/** The macros of a project, and rendering with them. One serves a whole run. */
export interface Templates {
  /** By package, file and place. */
  readonly macros: readonly Macro[]
  /** The macro that a template gets by this name (`name` or `package.name`). */
  findMacro(name: string): Macro | undefined
  /** The macro as a value that a built-in may return to the template, such as `adapter.dispatch` does. */
  macroValue(name: string): unknown
  /** @throws GmError with the exact place, and with the calls that led into a macro. */
  render(file: TemplateFile, scope: Scope, options?: RenderOptions): Rendered
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
  /** In the order of the file. */
  snapshotBlocks(file: TemplateFile): readonly SnapshotBlock[]
}

/** gm's own macros; the project's shadow them by name. */
const BUILT_IN_PACKAGE = 'gm'

const KEPT_FILES = 500

interface KnownMacro {
  readonly macro: Macro
  readonly uses: Uses
  readonly callable: Callable
}

/**
 * Parses the macro files. A project's macros shadow those of package `gm`; of two other packages the first one given
 * wins for the bare name, and all are reachable as `package.name`.
 * @throws GmError, or GmErrors with all of them: GM2001 syntax, GM2002 the same macro twice in a package.
 */
export function createTemplates(
  macroFiles: readonly MacroFile[],
  limits: Partial<Limits> = {},
): Templates {
  const parsed = new Map<string, Syntax>()
  const parse = (file: TemplateFile): Syntax => {
    const key = `${file.file}:${file.span?.start ?? ''}`
    let syntax = parsed.get(key)
    if (syntax?.text !== file.text) {
      syntax = parseTemplate(file)
      // Parsing a file again (0.06 ms) costs less than the collector's work on the trees of thousands.
      if (parsed.size >= KEPT_FILES) parsed.clear()
      parsed.set(key, syntax)
    }
    return syntax
  }
  const library = readMacros(macroFiles, parse)
  const allLimits: Limits = { ...DEFAULT_LIMITS, ...limits }

  function find(name: string): KnownMacro {
    const found = library.visible.get(name)
    if (found !== undefined) return found
    throw new GmError('GM2005', `there is no macro "${name}"`, {
      hint: didYouMean(name, library.visible.keys()),
    })
  }

  function execute(
    source: TemplateFile,
    scope: Scope,
    options: RenderOptions,
    body: (run: Run) => Value,
  ): MacroResult {
    const run = newRun(source, scope, library, allLimits, options.lineMap ?? true)
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
    findMacro: (name) => library.visible.get(name)?.macro,
    macroValue: (name) => find(name).callable,
    render(file, scope, options = {}) {
      const syntax = parse(file)
      const { text, lines } = execute(file, scope, options, (run) => {
        runBody(run, syntax.body, newFrame())
        return run.out.marks === undefined ? run.out.text : new Text(run.out.text, run.out.marks)
      })
      return { text, lines }
    },
    callMacro(name, args, kwargs, scope, options = {}) {
      const { callable, macro } = find(name)
      return execute({ file: macro.file, text: '' }, scope, options, (run) =>
        callable.invoke(
          run,
          args.map((arg) => fromPlain(run, name, arg)),
          new Map(Object.entries(kwargs).map(([key, value]) => [key, fromPlain(run, key, value)])),
        ),
      )
    },
    macrosUsedBy: (file) => reach(library, parse(file).uses, undefined),
    macrosUsedByMacro: (name) => reach(library, find(name).uses, find(name)),
    snapshotBlocks: (file) =>
      parse(file).snapshots.map(({ name, start, bodyStart, bodyEnd }) => ({
        name,
        at: locationAt(file.text, start, file.file),
        file: { ...file, span: { start: bodyStart, end: bodyEnd } },
      })),
  }
}

interface Library {
  readonly all: readonly KnownMacro[]
  /** By bare name and by `package.name`. */
  readonly visible: ReadonlyMap<string, KnownMacro>
  readonly packages: ReadonlyMap<string, Value>
}

function readMacros(files: readonly MacroFile[], parse: (file: TemplateFile) => Syntax): Library {
  const all: KnownMacro[] = []
  const visible = new Map<string, KnownMacro>()
  const packages = new Map<string, Map<string, KnownMacro>>()
  const errors: GmError[] = []
  for (const file of files) {
    let syntax: Syntax
    try {
      syntax = parse(file)
    } catch (error) {
      const found = gmErrorsOf(error)
      if (found === undefined) throw error
      errors.push(...found)
      continue
    }
    const members = packages.get(file.package) ?? new Map<string, KnownMacro>()
    packages.set(file.package, members)
    for (const node of syntax.macros) {
      const known = knownMacro(file, node)
      const other = members.get(node.name)
      if (other !== undefined) {
        errors.push(
          new GmError('GM2002', `the macro "${node.name}" exists twice in ${file.package}`, {
            at: known.macro.at,
            hint: `The other one is at ${other.macro.at.file}:${other.macro.at.line}.`,
          }),
        )
        continue
      }
      all.push(known)
      members.set(node.name, known)
      const shadowed = visible.get(node.name)
      if (shadowed === undefined || shadowed.macro.package === BUILT_IN_PACKAGE) {
        visible.set(node.name, known)
      }
    }
  }
  throwAll(errors)
  const objects = new Map<string, Value>()
  for (const [name, members] of packages) {
    for (const [macro, known] of members) visible.set(`${name}.${macro}`, known)
    objects.set(name, new LoopState(`package "${name}"`, (key) => members.get(key)?.callable))
  }
  return { all, visible, packages: objects }
}

function knownMacro(file: MacroFile, node: MacroNode): KnownMacro {
  return {
    macro: {
      name: node.name,
      package: file.package,
      at: locationAt(file.text, node.nameStart, file.file),
      parameters: node.parameters.map((p) => p.name),
      file: file.file,
      text: file.text.slice(node.start, node.end),
    },
    uses: node.uses,
    callable: macroCallable(node, file, undefined),
  }
}

function reach(library: Library, uses: Uses, start: KnownMacro | undefined): readonly Macro[] {
  const reached = new Set<KnownMacro>()
  if (start !== undefined) reached.add(start)
  const visit = ({ names, members, dispatched }: Uses): void => {
    for (const name of [...names, ...members]) {
      const known = library.visible.get(name)
      if (known !== undefined) enter(known)
    }
    // Which implementation a dispatch takes depends on the adapter: all of them count.
    for (const name of dispatched) {
      for (const known of library.all) if (known.macro.name.endsWith(`__${name}`)) enter(known)
    }
  }
  const enter = (known: KnownMacro): void => {
    if (reached.has(known)) return
    reached.add(known)
    visit(known.uses)
  }
  visit(uses)
  if (start !== undefined) reached.delete(start)
  return [...reached]
    .map(({ macro }) => macro)
    .sort((a, b) => (`${a.package}.${a.name}` < `${b.package}.${b.name}` ? -1 : 1))
}

function newRun(
  source: TemplateFile,
  scope: Scope,
  library: Library,
  limits: Limits,
  hasMarks: boolean,
): Run {
  const found = new Map<string, Value>()
  const resolve = (name: string): Value | undefined => {
    const macro = library.visible.get(name)
    if (macro !== undefined && !name.includes('.')) return macro.callable
    if (Object.hasOwn(scope.functions, name)) {
      const body = scope.functions[name]
      if (body !== undefined) return builtin(name, body)
    }
    if (Object.hasOwn(scope.values, name)) return fromPlain(run, name, scope.values[name])
    return library.packages.get(name) ?? (name === 'return' ? RETURN : GLOBALS.get(name))
  }
  const started = performance.now()
  const marks: Mark[] | undefined = hasMarks ? [] : undefined
  const run: Run = {
    limits,
    lookup: (name) => {
      const known = found.get(name)
      if (known !== undefined) return known
      const value = resolve(name)
      if (value !== undefined) found.set(name, value)
      return value
    },
    names: () => [
      ...[...library.visible.keys()].filter((name) => !name.includes('.')),
      ...Object.keys(scope.functions),
      ...Object.keys(scope.values),
      ...library.packages.keys(),
      ...GLOBALS.keys(),
      'return',
    ],
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
      throw new GmError('GM3006', message, { at, calledFrom, cause: error })
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
