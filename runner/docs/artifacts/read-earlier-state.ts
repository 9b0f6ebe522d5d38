import { GmError } from '../../base/error.ts'
import type { Manifest, NodeId } from '../../manifest/node.ts'
import { macroId } from '../../manifest/node.ts'
import type { Project } from '../../project/project.ts'
import type { EarlierState } from '../../select/earlier-state.ts'
import type { Templates } from '../../template/create-templates.ts'
import { describeNode } from './describe-node.ts'
import { describeMacros } from './manifest-artifact.ts'
import type { Entry, Sides } from './node-changes.ts'
import { nodeChanges } from './node-changes.ts'
import { REUSED } from './reused.ts'

export interface EarlierStateOptions {
  /** The folder as the user gave it, for messages. */
  readonly folder: string
  /** The text of a file of that folder; undefined when there is none. */
  readonly read: (file: string) => string | undefined
  /** The text of a file of the project's own target folder. */
  readonly readCurrent: (file: string) => string | undefined
  readonly project: Project
  readonly manifest: Manifest
  readonly templates: Templates
}

/** What an earlier run left, with what is needed to use its tables. */
export interface ReadEarlierState extends EarlierState {
  /** Where a node stood: the entry's database, schema and alias. Undefined where there was no such node. */
  relationOf(
    id: NodeId,
  ):
    | { readonly database: string | null; readonly schema: string; readonly identifier: string }
    | undefined
}

/**
 * The artifacts in a folder as something to compare with. Each file is read when it is first asked for. Manifests of
 * dbt do as well.
 */
export function readEarlierState(options: EarlierStateOptions): ReadEarlierState {
  const { project, manifest, templates } = options
  const context = { project, createdAt: 0, compiledCode: new Map<string, string>() }
  const old = once(() => readJson('manifest.json', options.read, options.folder))
  const naming = manifest.macros
    .filter(({ name }) => /^generate_(?:schema|alias|database)_name$/.test(name))
    .flatMap((macro) => [
      macroId(macro.package, macro.name),
      ...templates
        .macrosUsedByMacro(`${macro.package}.${macro.name}`)
        .map(({ package: owner, name }) => macroId(owner, name)),
    ])
  const sides = once((): Sides => {
    const metadata = old()['metadata'] as { env?: Record<string, string> } | undefined
    return {
      old: old(),
      new: { macros: describeMacros({ manifest, templates }, 0) },
      isOldFromGm: metadata?.env?.['GM_VERSION'] !== undefined,
    }
  })
  const entryOf = (id: string): Entry | undefined => {
    for (const section of ['nodes', 'sources', 'exposures', 'unit_tests']) {
      const entries = old()[section] as Readonly<Record<string, Entry>> | undefined
      if (entries !== undefined && Object.hasOwn(entries, id)) return entries[id]
    }
    return undefined
  }
  return {
    changesOf: (node) => {
      const before = entryOf(node.id)
      if (before === undefined) return undefined
      return nodeChanges(before, describeNode(node, context), sides(), naming)
    },
    results: once(() => {
      const { results } = readJson('run_results.json', options.read, options.folder) as {
        results?: readonly {
          unique_id: NodeId
          status: string
          adapter_response?: Readonly<Record<string, unknown>>
        }[]
      }
      return new Map(
        (results ?? []).map((result) => [
          result.unique_id,
          result.adapter_response?.['_message'] === REUSED ? 'reused' : result.status,
        ]),
      )
    }),
    fresherSources: once(() => {
      const then = loadedAt(readJson('sources.json', options.read, options.folder))
      const now = loadedAt(readJson('sources.json', options.readCurrent, project.paths.target))
      return new Set(
        [...now].flatMap(([id, at]) =>
          Date.parse(then.get(id) ?? '') >= Date.parse(at) ? [] : id,
        ),
      )
    }),
    relationOf: (id) => {
      const entry = entryOf(id) as
        | { database?: string | null; schema?: string; alias?: string; identifier?: string }
        | undefined
      const { schema, alias, identifier = alias, database = null } = entry ?? {}
      return schema === undefined || identifier === undefined
        ? undefined
        : { database, schema, identifier }
    },
  }
}

function loadedAt(sources: Entry): ReadonlyMap<NodeId, string> {
  const { results } = sources as {
    results?: readonly { unique_id: NodeId; max_loaded_at?: string }[]
  }
  return new Map(
    (results ?? []).flatMap(({ unique_id, max_loaded_at }) =>
      max_loaded_at === undefined ? [] : [[unique_id, max_loaded_at] as const],
    ),
  )
}

/** @throws GmError GM3011 for a file that is not there, or that is no JSON. */
function readJson(file: string, read: (file: string) => string | undefined, folder: string): Entry {
  const text = read(file)
  const producer = file === 'sources.json' ? 'gm source freshness' : 'gm build'
  if (text === undefined) {
    throw new GmError('GM3011', `there is no ${file} in ${folder}`, {
      hint: `\`${producer}\` writes it to target/; keep a copy of that folder and pass it with --state.`,
    })
  }
  try {
    return JSON.parse(text) as Entry
  } catch (cause) {
    throw new GmError('GM3011', `${file} in ${folder} is no JSON`, {
      hint: 'It may have been cut short; take the one of another run.',
      cause,
    })
  }
}

function once<T>(compute: () => T): () => T {
  let known: { readonly value: T } | undefined
  return () => (known ??= { value: compute() }).value
}
