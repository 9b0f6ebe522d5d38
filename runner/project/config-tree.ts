import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Path, PlaceOf } from './explain-issues.ts'
import { valueAt } from './explain-issues.ts'
import type { ConfigTree } from './project.ts'
import { unrenderedConfig } from './unrendered-config.ts'

/** Checks the configuration of one kind of nodes; manifest/ has it, and hands it to loadProject. */
export type CheckConfig = (
  kind: 'model' | 'snapshot' | 'seed' | 'test' | 'unit_test' | 'source' | 'analysis' | 'exposure',
  raw: Readonly<Record<string, unknown>>,
  placeOf: PlaceOf,
  /** Names of the project's own materializations. */
  own?: readonly string[],
) => { config: Readonly<Record<string, unknown>>; errors: GmError[] }

interface TreeContext {
  /** The project, then its packages. */
  readonly packages: readonly string[]
  readonly placeOf: PlaceOf
  /** The file's value before its templates were filled in. */
  readonly unrendered: unknown
  readonly errors: GmError[]
  readonly check: (
    raw: Readonly<Record<string, unknown>>,
    placeOf: PlaceOf,
  ) => ReturnType<CheckConfig>
}

type Mapping = Readonly<Record<string, unknown>>

/**
 * One tree of project.yml (`models:` and its like). `+key` is configuration; a bare key is, too, unless its value is
 * a mapping: then it names a folder. Errors go into the context.
 */
export function readConfigTree(raw: Mapping, path: Path, context: TreeContext): ConfigTree {
  const tree = readLevel(raw, path, context)
  for (const child of tree.children.keys()) {
    if (context.packages.includes(child)) continue
    const [project = ''] = context.packages
    // dbt lets such a branch apply to nothing, and says so in a warning that scrolls by.
    context.errors.push(
      new GmError(
        'GM1002',
        `"${child}" is not the name of this project or of an installed package`,
        {
          at: context.placeOf([...path, child]),
          hint:
            didYouMean(child, context.packages) ??
            `Put folders below "${project}:", and settings behind a plus: "+${child}:".`,
        },
      ),
    )
  }
  return tree
}

function readLevel(raw: Mapping, path: Path, context: TreeContext): ConfigTree {
  const given: Record<string, unknown> = {}
  /** The key as written, because places are found by it. */
  const written = new Map<string, string>()
  const children = new Map<string, ConfigTree>()
  for (const [key, value] of Object.entries(raw)) {
    if (!key.startsWith('+') && isMapping(value)) {
      children.set(key, readLevel(value, [...path, key], context))
      continue
    }
    const plain = key.replace(/^\+/, '')
    if (written.has(plain)) {
      context.errors.push(
        new GmError('GM1003', `"${plain}" is given with and without a plus`, {
          at: context.placeOf([...path, key]),
          hint: 'Remove one of the two.',
        }),
      )
    }
    written.set(plain, key)
    given[plain] = value
  }
  const { config, errors } = context.check(given, ([first, ...rest], part) =>
    context.placeOf([...path, written.get(String(first)) ?? String(first), ...rest], part),
  )
  context.errors.push(...errors)
  const texts = unrenderedConfig([...written.keys()], (plain) =>
    valueAt(context.unrendered, [...path, written.get(plain) ?? plain]),
  )
  return { config: { ...config, ...texts }, children, at: context.placeOf(path) }
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
