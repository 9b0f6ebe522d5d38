import { hash } from 'node:crypto'
import type { Project } from '../project/project.ts'
import type { InFileConfig } from './config-levels.ts'
import type { PropertiesFile } from './properties.ts'
import type { InputCall, Recording } from './record-template.ts'
import type { SeedField } from './seed-fields.ts'
import type { TextStore } from './text-store.ts'
import { varsIn } from './vars-in.ts'

/** To be raised whenever a recording or a properties file has another shape or another meaning. */
const FORMAT = 9

/** A recording with the values of what it read, so that it is used again only where they are the same. */
interface Stored<T> {
  readonly key: string
  readonly value: T
}

interface StoredRecording {
  readonly config: readonly InFileConfig[]
  readonly inputs: readonly InputCall[]
  readonly vars: readonly (readonly [name: string, fingerprint: string])[]
  readonly env: readonly (readonly [name: string, fingerprint: string])[]
  readonly macros: readonly string[]
}

interface Contents {
  readonly format: string
  /** Of everything that every rendering may see. */
  readonly surroundings: string
  readonly recordings: Part<StoredRecording>
  readonly properties: Part<PropertiesFile>
  readonly seeds: Part<readonly SeedField[]>
}

/** Pairs, not an object: thousands of paths as keys of an object cost more than all the rest of reading the cache. */
type Part<T> = (readonly [id: string, stored: Stored<T>])[]

/** Results of files by content: each is computed only when it is not known for exactly this content. */
export interface OpenParseCache {
  /** @param owner the package whose variables the rendering sees. */
  recording(id: string, key: string, owner: string, compute: () => Recording): Recording
  properties(file: string, checksum: string, compute: () => PropertiesFile): PropertiesFile
  seed(file: string, key: string, compute: () => readonly SeedField[]): readonly SeedField[]
  /**
   * Writes what this parse used, when anything differs from what was read.
   * @returns whether it does.
   */
  close(): boolean
}

/**
 * A cache of what files say, by content hash. It never holds results that depend on more than their key: recordings
 * carry the variables and environment they read, and are dropped together when a macro, the target or gm changes.
 * @param macros checksums of all macro files with their paths.
 */
export function openParseCache(
  project: Project,
  macros: readonly string[],
  version: string,
  store: TextStore | undefined,
): OpenParseCache {
  const format = `${FORMAT} ${version}`
  const { name, schema, database } = project.target
  const surroundings = hash(
    'sha256',
    JSON.stringify([
      project.name,
      project.isDbt,
      project.threads,
      name,
      schema,
      database,
      project.dispatch,
      project.packages.map((one) => one.name),
      macros,
    ]),
  )
  const varNow = memo((key) => {
    const [owner = '', variable = ''] = key.split('\n')
    const vars = varsIn(project, owner)
    return Object.hasOwn(vars, variable) ? fingerprint(vars[variable]) : 'none'
  })
  const envNow = memo((variable) => {
    const { envAllowed } = project
    if (envAllowed !== 'all' && !envAllowed.has(variable)) return 'refused'
    return fingerprint(project.env.get(variable) ?? null)
  })

  const old = readContents(store, format)
  const oldRecordings = new Map(old?.surroundings === surroundings ? old.recordings : [])
  const oldProperties = new Map(old?.properties)
  const oldSeeds = new Map(old?.seeds)
  const next: Contents = { format, surroundings, recordings: [], properties: [], seeds: [] }
  let hasChanged = old?.surroundings !== surroundings

  const isCurrent = ({ vars, env }: StoredRecording, owner: string): boolean =>
    vars.every(([variable, value]) => varNow(`${owner}\n${variable}`) === value) &&
    env.every(([variable, value]) => envNow(variable) === value)

  return {
    recording(id, key, owner, compute) {
      const known = oldRecordings.get(id)
      if (known?.key === key && isCurrent(known.value, owner)) {
        next.recordings.push([id, known])
        return restore(known.value)
      }
      hasChanged = true
      const recording = compute()
      const value = {
        config: recording.config,
        inputs: recording.inputs,
        vars: recording.vars.map(
          (variable) => [variable, varNow(`${owner}\n${variable}`)] as const,
        ),
        env: recording.env.map((variable) => [variable, envNow(variable)] as const),
        macros: recording.macros,
      }
      next.recordings.push([id, { key, value }])
      return recording
    },
    properties(file, checksum, compute) {
      return reuse(oldProperties, next.properties, file, checksum, compute)
    },
    seed(file, key, compute) {
      return reuse(oldSeeds, next.seeds, file, key, compute)
    },
    close() {
      if (!hasChanged && old !== undefined && countOf(old) === countOf(next)) return false
      store?.write(JSON.stringify(next))
      return true
    },
  }

  function reuse<T>(
    from: ReadonlyMap<string, Stored<T>>,
    to: Part<T>,
    id: string,
    key: string,
    compute: () => T,
  ): T {
    const known = from.get(id)
    if (known?.key === key) {
      to.push([id, known])
      return known.value
    }
    hasChanged = true
    const value = compute()
    to.push([id, { key, value }])
    return value
  }
}

function restore({ config, inputs, vars, env, macros }: StoredRecording): Recording {
  return {
    config,
    inputs,
    vars: vars.map(([name]) => name),
    env: env.map(([name]) => name),
    macros,
  }
}

function readContents(store: TextStore | undefined, format: string): Contents | undefined {
  const text = store?.read()
  if (text === undefined) return undefined
  try {
    const contents = JSON.parse(text) as Partial<Contents> | null
    return contents?.format === format ? (contents as Contents) : undefined
  } catch {
    // A cache cut short by a crash is no error: everything is computed again.
    return undefined
  }
}

/** Values are kept as hashes: a variable may hold something that belongs in no file. */
function fingerprint(value: unknown): string {
  return hash('sha256', JSON.stringify(value ?? null))
}

function countOf({ recordings, properties, seeds }: Contents): number {
  return [recordings, properties, seeds].reduce((sum, part) => sum + part.length, 0)
}

function memo(compute: (name: string) => string): (name: string) => string {
  const known = new Map<string, string>()
  return (name) => {
    let value = known.get(name)
    if (value === undefined) known.set(name, (value = compute(name)))
    return value
  }
}
