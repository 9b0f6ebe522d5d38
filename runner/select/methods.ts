import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import { describeConfig } from '../manifest/describe-config.ts'
import type { Manifest, Node, NodeKind, Version } from '../manifest/node.ts'
import { isChecking } from '../manifest/node.ts'
import type { EarlierState } from './earlier-state.ts'
import { matchesFqn } from './match-fqn.ts'
import { matchesFile, matchesPath } from './match-path.ts'
import { oneOf } from './one-of.ts'
import type { Criterion } from './selector.ts'
import { resultMatcher, sourceStatusMatcher, stateMatcher } from './state-methods.ts'
import { matchesWildcard } from './wildcard.ts'

/** What methods compare nodes with. */
export interface Given {
  readonly manifest: Manifest
  readonly state: EarlierState | undefined
}

/** One way of naming nodes. */
interface Method {
  /** Whether a node is meant. Called once a criterion, so that a wrong value is refused before any node is looked at. */
  matcher(criterion: Criterion, given: Given): (node: Node) => boolean
  /** What could have been written in place of a value that matches nothing. */
  names(node: Node): readonly string[]
}

const KINDS: readonly NodeKind[] = [
  'model',
  'seed',
  'snapshot',
  'test',
  'unit_test',
  'source',
  'analysis',
  'exposure',
]

const METHODS: Readonly<Record<string, Method>> = {
  fqn: {
    // Sources are never meant by a bare name; they have a method of their own.
    matcher:
      ({ value }) =>
      (node) =>
        node.kind !== 'source' && matchesFqn(node.fqn, value, isVersioned(node)),
    names: (node) =>
      node.kind === 'source' || isChecking(node) ? [] : [node.name, ...node.fqn.slice(0, -1)],
  },
  tag: {
    matcher:
      ({ value }) =>
      (node) =>
        node.config.tags.some((tag) => matchesWildcard(tag, value)),
    names: (node) => node.config.tags,
  },
  path: {
    matcher:
      ({ value }) =>
      (node) =>
        matchesPath(node.at.file, value) ||
        // The YAML file that describes a node means it too; the folder of that file does not.
        (node.describedIn !== undefined && matchesFile(node.describedIn, value)),
    names: (node) => foldersAndFile(node.at.file),
  },
  file: {
    matcher:
      ({ value }) =>
      (node) => {
        const name = fileName(node)
        return matchesWildcard(name, value) || matchesWildcard(name.replace(/\.[^.]*$/, ''), value)
      },
    names: (node) => [fileName(node)],
  },
  source: { matcher: sourceMatcher, names: sourceNames },
  resource_type: {
    matcher: ({ value }) => {
      oneOf(value, KINDS)
      return (node) => node.kind === value
    },
    names: (node) => [node.kind],
  },
  test_name: {
    matcher:
      ({ value }) =>
      (node) =>
        node.kind === 'test' && matchesWildcard(node.generic?.name ?? '', value),
    names: (node) => (node.kind === 'test' && node.generic ? [node.generic.name] : []),
  },
  test_type: {
    matcher: ({ value }) => {
      oneOf(value, ['generic', 'singular', 'data', 'unit', 'schema'])
      if (value === 'unit') return (node) => node.kind === 'unit_test'
      // `schema` is the older word for generic.
      const isGeneric = value === 'generic' || value === 'schema'
      return (node) =>
        node.kind === 'test' && (value === 'data' || isGeneric === (node.generic !== undefined))
    },
    names: () => ['generic', 'singular', 'data', 'unit'],
  },
  unit_test: {
    matcher: (criterion) => namedMatcher(criterion, 'unit_test'),
    names: (node) => (node.kind === 'unit_test' ? [node.name] : []),
  },
  config: { matcher: configMatcher, names: () => [] },
  package: {
    matcher:
      ({ value }, { manifest }) =>
      (node) =>
        matchesWildcard(node.package, value === 'this' ? manifest.project : value),
    names: (node) => [node.package],
  },
  exposure: {
    matcher: (criterion) => namedMatcher(criterion, 'exposure'),
    names: (node) => (node.kind === 'exposure' ? [node.name] : []),
  },
  group: {
    matcher:
      ({ value }) =>
      ({ config: { group } }) =>
        group !== undefined && matchesWildcard(group, value),
    names: ({ config: { group } }) => (group === undefined ? [] : [group]),
  },
  access: {
    matcher: ({ value }) => {
      oneOf(value, ['private', 'protected', 'public'])
      return (node) => node.kind === 'model' && (node.config.access ?? 'protected') === value
    },
    names: () => [],
  },
  version: { matcher: versionMatcher, names: () => [] },
  state: { matcher: ({ value }, { state }) => stateMatcher(value, state), names: () => [] },
  result: { matcher: ({ value }, { state }) => resultMatcher(value, state), names: () => [] },
  source_status: {
    matcher: ({ value }, { state }) => sourceStatusMatcher(value, state),
    names: () => [],
  },
}

/**
 * The method of a criterion.
 *
 * @throws GmError GM3002 no such method, or one that gm does not have yet.
 */
export function methodOf({ method, text, ...criterion }: Criterion): Method {
  const found = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
  const names = Object.keys(METHODS)
  if (found === undefined) {
    throw new GmError('GM3002', `there is no method "${method}", which "${text}" asks for`, {
      hint: didYouMean(method, names) ?? `There are ${names.join(', ')}.`,
    })
  }
  if (criterion.arguments.length > 0 !== (method === 'config')) {
    throw new GmError('GM3002', `"${text}" is not a way to use the method ${method}`, {
      hint:
        method === 'config'
          ? 'Write config.<key>:<value>, such as config.materialized:view.'
          : `Write ${method}:<value>.`,
    })
  }
  return found
}

/** `name` or `package.name`, each part with wildcards. */
function namedMatcher(
  { value, text }: Criterion,
  kind: 'exposure' | 'unit_test',
): (node: Node) => boolean {
  const parts = value.split('.')
  if (parts.length > 2) {
    throw new GmError('GM3002', `"${text}" has too many parts`, {
      hint: `Write ${kind}:<name> or ${kind}:<package>.<name>.`,
    })
  }
  const [first = '*', second] = parts
  const [owner, name] = second === undefined ? ['*', first] : [first, second]
  return (node) =>
    node.kind === kind && matchesWildcard(node.package, owner) && matchesWildcard(node.name, name)
}

/** `version:latest|prerelease|old|none`: where a model's version stands beside the one that a plain ref means. */
function versionMatcher({ value }: Criterion): (node: Node) => boolean {
  oneOf(value, ['latest', 'prerelease', 'old', 'none'])
  return (node) => {
    if (node.kind !== 'model') return false
    const { version, latestVersion } = node
    if (version === undefined || latestVersion === undefined) return value === 'none'
    const order = compareVersions(version, latestVersion)
    return value === (order === 0 ? 'latest' : order > 0 ? 'prerelease' : 'old')
  }
}

/** By number where both are numbers, else by text. */
function compareVersions(a: Version, b: Version): number {
  const [left, right] = [Number(a), Number(b)]
  if (!Number.isNaN(left) && !Number.isNaN(right)) return left - right
  return String(a) === String(b) ? 0 : String(a) < String(b) ? -1 : 1
}

function isVersioned(node: Node): boolean {
  return node.kind === 'model' && node.version !== undefined
}

function fileName(node: Node): string {
  return node.at.file.slice(node.at.file.lastIndexOf('/') + 1)
}

function foldersAndFile(file: string): string[] {
  const parts = file.split('/')
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

/** `source`, `source.table` or `package.source.table`, each part with wildcards. */
function sourceMatcher({ value, text }: Criterion): (node: Node) => boolean {
  const parts = value.split('.')
  if (parts.length > 3) {
    throw new GmError('GM3002', `"${text}" has too many parts`, {
      hint: 'Write source:<source>, source:<source>.<table> or source:<package>.<source>.<table>.',
    })
  }
  const [first = '*', second = '*', third] = parts
  const [inPackage, source, table] =
    third === undefined ? ['*', first, second] : [first, second, third]
  return (node) =>
    node.kind === 'source' &&
    matchesWildcard(node.package, inPackage) &&
    matchesWildcard(node.sourceName, source) &&
    matchesWildcard(node.name, table)
}

function sourceNames(node: Node): string[] {
  return node.kind === 'source' ? [node.sourceName, `${node.sourceName}.${node.name}`] : []
}

/** `config.materialized:view`, `config.meta.owner:me`; a list matches by its items, a mapping by its keys. */
function configMatcher({ arguments: keys, value }: Criterion): (node: Node) => boolean {
  const matches = (found: unknown): boolean => {
    if (Array.isArray(found)) return found.some(matches)
    if (typeof found === 'object' && found !== null) return Object.hasOwn(found, value)
    if (typeof found === 'boolean') return String(found) === value.toLowerCase()
    // A test's severity is written in either case.
    if (keys[0] === 'severity') return String(found).toLowerCase() === value.toLowerCase()
    return (typeof found === 'string' || typeof found === 'number') && String(found) === value
  }
  return (node) => {
    // An exposure has no configuration to build by.
    if (node.kind === 'exposure') return false
    let here: unknown = describeConfig(node)
    for (const key of keys) {
      if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return false
      here = (here as Record<string, unknown>)[key]
    }
    return matches(here)
  }
}
