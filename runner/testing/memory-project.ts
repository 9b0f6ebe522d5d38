import { hash } from 'node:crypto'
import type { ByteStore } from '../parse/byte-store.ts'
import { sourceText } from '../parse/disk-files.ts'
import type { ParseResult } from '../parse/parse-project.ts'
import { parseProject } from '../parse/parse-project.ts'
import type { SourceFiles } from '../parse/source-files.ts'
import type { TextStore } from '../parse/text-store.ts'
import type { ConfigTree, Project } from '../project/project.ts'

const NO_CONFIG: ConfigTree = { config: {}, children: new Map(), at: undefined }

/** A project named `shop` with the usual folders and the schema `public`. */
export function memoryProject(given: Partial<Project> = {}): Project {
  return {
    root: '/shop',
    file: 'project.yml',
    isDbt: false,
    packages: [],
    packagesFolder: 'dbt_packages',
    materializations: {},
    dispatch: {},
    warnings: [],
    name: 'shop',
    version: '1.0',
    paths: {
      models: ['models'],
      snapshots: ['snapshots'],
      seeds: ['seeds'],
      macros: ['macros'],
      tests: ['tests'],
      analyses: ['analyses'],
      docs: [],
      target: 'target',
      logs: 'logs',
      assets: [],
    },
    vars: {},
    onRunStart: [],
    onRunEnd: [],
    env: new Map(),
    envAllowed: new Set(),
    target: {
      name: 'dev',
      type: 'postgres',
      schema: 'public',
      database: 'db',
      connection: {
        host: 'localhost',
        port: 5432,
        user: 'someone',
        password: 'secret',
        database: 'db',
        sslmode: 'prefer',
        sslrootcert: undefined,
        sslcert: undefined,
        sslkey: undefined,
        connectTimeoutMs: 1000,
        options: {},
      },
    },
    threads: 4,
    resourceConfig: {
      models: NO_CONFIG,
      snapshots: NO_CONFIG,
      seeds: NO_CONFIG,
      tests: NO_CONFIG,
      unitTests: NO_CONFIG,
      sources: NO_CONFIG,
      analyses: NO_CONFIG,
      exposures: NO_CONFIG,
    },
    publish: 'model',
    keepVersions: 0,
    publishWaitMs: 0,
    logLevel: undefined,
    generator: { seed: undefined, users: undefined, products: undefined, perSecond: undefined },
    targetNames: [],
    jobs: {},
    reuse: 'all',
    statementTimeoutMs: undefined,
    retries: 5,
    historyRetentionDays: 90,
    logRetentionDays: 30,
    openlineage: {
      to: undefined,
      endpoint: 'api/v1/lineage',
      apiKey: undefined,
      namespace: 'shop',
      sql: true,
      isDisabled: false,
    },
    ...given,
  }
}

/** One level of project.yml's configuration with the folders below it. */
export function configTree(
  config: Readonly<Record<string, unknown>>,
  children: Readonly<Record<string, ConfigTree>> = {},
): ConfigTree {
  return {
    config,
    children: new Map(Object.entries(children)),
    at: { file: 'project.yml', line: 1, column: 1 },
  }
}

/** Files of a project by path, without a disk. */
export function memoryFiles(texts: Readonly<Record<string, string>>): SourceFiles {
  return {
    list: (folder) => Object.keys(texts).filter((file) => file.startsWith(`${folder}/`)),
    read: (file) => sourceText(texts[file] ?? ''),
    hash: (file) => hash('sha256', texts[file] ?? ''),
    stamp: () => undefined,
  }
}

/** Parses a project from texts. */
export function parseTexts(
  texts: Readonly<Record<string, string>>,
  project: Partial<Project> = {},
  cache?: TextStore,
  kept?: ByteStore,
): ParseResult {
  return parseProject(memoryProject(project), {
    files: memoryFiles(texts),
    version: 'test',
    ...(cache !== undefined && { cache }),
    ...(kept !== undefined && { kept }),
  })
}

/** A cache in memory that knows what was written to it. */
export function memoryBytes(): ByteStore & { readonly writes: Uint8Array[] } {
  const writes: Uint8Array[] = []
  return { writes, read: () => writes.at(-1), write: (bytes) => writes.push(bytes) }
}
