import { GmError, gmErrorsOf, throwAll } from '../base/error.ts'
import { locationAt } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import { macroCallable } from './interpret.ts'
import type { MacroNode, Syntax, Uses } from './syntax.ts'
import type { MacroFile, TemplateFile } from './template.ts'
import type { Callable, Value } from './values.ts'
import { LoopState } from './values.ts'

export interface Macro {
  /** A `{% test x %}` is named `test_x`. */
  readonly name: string
  readonly package: string
  readonly at: ReturnType<typeof locationAt>
  readonly parameters: readonly string[]
  readonly file: string
  /** The macro's own text, tags included. */
  readonly text: string
}

export interface KnownMacro {
  readonly macro: Macro
  readonly uses: Uses
  readonly callable: Callable
}

/** Macros that come with gm, by package and name. Their files are parsed when the first template asks for one. */
export type BuiltInMacros = Readonly<Record<string, Readonly<Record<string, MacroFile>>>>

/**
 * The macros of a project and its packages. A bare name means the macro of the package that the calling text belongs to,
 * else the project's own, else one that comes with gm; all others are `package.name`.
 */
export interface MacroLibrary {
  readonly all: readonly KnownMacro[]
  /** @param from the package of the text that asks; the project's when not given. */
  find(name: string, from?: string): KnownMacro | undefined
  /** `dbt_utils` in `dbt_utils.star(…)`. */
  packageObject(name: string): Value | undefined
  /** Names that a text of the package can use, for hints. */
  names(from?: string): Iterable<string>
}

/**
 * @param root the project's package.
 * @throws GmError, or GmErrors with all of them: GM2001 syntax, GM2002 the same macro twice in a package.
 */
export function macroLibrary(
  files: readonly MacroFile[],
  root: string | undefined,
  builtIns: BuiltInMacros,
  parse: (file: TemplateFile) => Syntax,
): MacroLibrary {
  const packages = readPackages(files, parse)
  const own = root === undefined ? undefined : packages.get(root)
  const objects = new Map<string, Value>()

  const member = (owner: string, name: string): KnownMacro | undefined =>
    packages.get(owner)?.get(name) ?? builtIn(owner, name)

  const builtIn = (owner: string, name: string): KnownMacro | undefined => {
    const texts = builtIns[owner]
    const file = texts !== undefined && Object.hasOwn(texts, name) ? texts[name] : undefined
    if (file === undefined) return undefined
    const members = packages.get(owner) ?? new Map<string, KnownMacro>()
    packages.set(owner, members)
    for (const known of macrosOf(file, parse(file))) members.set(known.macro.name, known)
    return members.get(name)
  }

  return {
    all: [...packages.values()].flatMap((members) => [...members.values()]),
    find(name, from) {
      const dot = name.indexOf('.')
      if (dot !== -1) return member(name.slice(0, dot), name.slice(dot + 1))
      const near = from === undefined ? undefined : packages.get(from)?.get(name)
      const found = near ?? own?.get(name)
      if (found !== undefined) return found
      for (const owner of Object.keys(builtIns)) {
        const supplied = member(owner, name)
        if (supplied !== undefined) return supplied
      }
      return undefined
    },
    packageObject(name) {
      if (!packages.has(name) && !Object.hasOwn(builtIns, name)) return undefined
      let object = objects.get(name)
      if (object === undefined) {
        object = new LoopState(`package "${name}"`, (key) => member(name, key)?.callable)
        objects.set(name, object)
      }
      return object
    },
    *names(from) {
      for (const [owner, members] of packages) {
        const isBare = owner === from || owner === root || Object.hasOwn(builtIns, owner)
        for (const name of members.keys()) yield isBare ? name : `${owner}.${name}`
      }
      for (const [owner, texts] of Object.entries(builtIns)) {
        if (!packages.has(owner)) yield owner
        yield* Object.keys(texts)
      }
    },
  }
}

function readPackages(
  files: readonly MacroFile[],
  parse: (file: TemplateFile) => Syntax,
): Map<string, Map<string, KnownMacro>> {
  const packages = new Map<string, Map<string, KnownMacro>>()
  const errors: GmError[] = []
  for (const file of files) {
    const members = packages.get(file.package) ?? new Map<string, KnownMacro>()
    packages.set(file.package, members)
    try {
      for (const known of macrosOf(file, parse(file))) {
        const { name, at } = known.macro
        const other = members.get(name)
        if (other === undefined) members.set(name, known)
        else {
          errors.push(
            new GmError('GM2002', `the macro "${name}" exists twice in ${file.package}`, {
              at,
              hint: `The other one is at ${other.macro.at.file}:${other.macro.at.line}.`,
            }),
          )
        }
      }
    } catch (error) {
      const found = gmErrorsOf(error)
      if (found === undefined) throw error
      errors.push(...found)
    }
  }
  throwAll(errors)
  return packages
}

function macrosOf(file: MacroFile, syntax: Syntax): KnownMacro[] {
  // What a macro file sets outside of its macros is there for all of them.
  const sets = syntax.body.filter(({ kind }) => kind === 'set' || kind === 'set-block')
  return syntax.macros.map((node) => knownMacro(file, node, sets))
}

function knownMacro(file: MacroFile, node: MacroNode, sets: Syntax['body']): KnownMacro {
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
    callable: macroCallable(node, file, undefined, sets),
  }
}

/** @throws GmError GM2005 when there is no such macro. */
export function requireMacro(library: MacroLibrary, name: string, from?: string): KnownMacro {
  const found = library.find(name, from)
  if (found !== undefined) return found
  throw new GmError('GM2005', `there is no macro "${name}"`, {
    hint: didYouMean(name, library.names(from)),
  })
}

/** The macros that a text mentions, those that they mention, and so on; sorted by package and name. */
export function macrosReached(
  library: MacroLibrary,
  uses: Uses,
  from: string | undefined,
): readonly Macro[] {
  const reached = new Set<KnownMacro>()
  const enter = (known: KnownMacro | undefined): void => {
    if (known === undefined || reached.has(known)) return
    reached.add(known)
    visit(known.uses, known.macro.package)
  }
  const visit = ({ names, members, dispatched }: Uses, owner: string | undefined): void => {
    for (const name of names) enter(library.find(name, owner))
    for (const name of members) enter(library.find(name))
    // Which implementation a dispatch takes depends on the adapter: all of them count.
    for (const name of dispatched) {
      for (const known of library.all) if (known.macro.name.endsWith(`__${name}`)) enter(known)
      enter(library.find(`postgres__${name}`) ?? library.find(`default__${name}`))
    }
  }
  visit(uses, from)
  return [...reached]
    .map(({ macro }) => macro)
    .sort((a, b) => (`${a.package}.${a.name}` < `${b.package}.${b.name}` ? -1 : 1))
}
