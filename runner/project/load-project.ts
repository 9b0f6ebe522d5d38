import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { GmError, throwAll } from '../base/error.ts'
import type { CheckConfig } from './config-tree.ts'
import { readConfigTree } from './config-tree.ts'
import type { Environment } from './environment.ts'
import { readEnvironment } from './environment.ts'
import type { PlaceOf } from './explain-issues.ts'
import { explainIssues, inFileOrder } from './explain-issues.ts'
import type { LogLevel, Project } from './project.ts'
import type { ProjectFile } from './project-schema.ts'
import { projectSchema } from './project-schema.ts'
import { resolveTarget } from './resolve-target.ts'
import { targetFromEnvironment } from './target-from-environment.ts'
import { parseYaml } from './yaml-with-places.ts'

export interface LoadOptions {
  /** Absolute; project.yml is looked for here and above. */
  readonly startDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: {
    readonly target?: string | undefined
    readonly vars?: Readonly<Record<string, unknown>> | undefined
    readonly threads?: number | undefined
    /** Absolute or relative to `startDir`; nothing above it is looked at. */
    readonly projectDir?: string | undefined
  }
  /** `checkNodeConfig`. */
  readonly checkConfig: CheckConfig
  /** The text of a file, undefined when it does not exist; reads the disk unless given. */
  readonly read?: (path: string) => string | undefined
}

const FILE = 'project.yml'

/**
 * Reads project.yml, `.env` beside it, the environment and the flags: the environment wins over `.env`, flags over all.
 *
 * @throws GmError or GmErrors GM1001 no project, GM1002 unknown key, GM1003 wrong type or value, GM1004 YAML syntax,
 *   GM1005 missing environment variable, GM1007 unknown target, GM1008 not supported yet, GM1009 unreadable file,
 *   GM1011 two servers.
 */
export function loadProject(options: LoadOptions): Project {
  const { flags, read = readFromDisk } = options
  const { root, text } = findProject(options, read)
  const yaml = parseYaml(text, FILE)
  const value = yaml.value ?? {}
  const parsed = projectSchema.safeParse(value)
  if (!parsed.success) {
    throwAll(explainIssues(parsed.error, projectSchema, value, yaml.placeOf))
  }
  const file = parsed.data as ProjectFile
  const env = readEnvironment(options.env, read(join(root, '.env')))
  const errors: GmError[] = refuseTemplates(value, yaml.placeOf)
  const resourceConfig = readTrees(file, value, options.checkConfig, yaml.placeOf, errors)
  throwAll(inFileOrder(errors))
  return Object.freeze({
    root,
    name: file.name,
    version: file.version,
    paths: {
      models: file['model-paths'],
      snapshots: file['snapshot-paths'],
      seeds: file['seed-paths'],
      macros: file['macro-paths'],
      tests: file['test-paths'],
      analyses: file['analysis-paths'],
      target: file['target-path'],
      logs: file['log-path'],
    },
    vars: { ...varsOf(file), ...flags.vars },
    env: allowedValues(file.env, env),
    envAllowed: new Set(file.env),
    target: targetOf(file, value, root, options, env, yaml.placeOf),
    threads: flags.threads ?? file.threads,
    resourceConfig,
    publishWaitMs: file.publish_wait_seconds * 1000,
    reuse: file.reuse,
    statementTimeoutMs:
      file.statement_timeout_seconds === undefined
        ? undefined
        : Math.round(file.statement_timeout_seconds * 1000),
    logRetentionDays: file.log_retention_days,
    logLevel: logLevelOf(env),
    generator: {
      seed: env.get('DATA_GEN_SEED'),
      users: env.get('DATA_GEN_NUM_USERS'),
      products: env.get('DATA_GEN_NUM_PRODUCTS'),
    },
    jobs: file.jobs,
  })
}

function findProject(
  { startDir, flags }: LoadOptions,
  read: (path: string) => string | undefined,
): { root: string; text: string } {
  const first = resolve(startDir, flags.projectDir ?? '.')
  for (let root = first; ; root = dirname(root)) {
    const text = read(join(root, FILE))
    if (text !== undefined) return { root, text }
    if (flags.projectDir !== undefined || dirname(root) === root) break
  }
  const isDbt = read(join(first, 'dbt_project.yml')) !== undefined
  const where = flags.projectDir === undefined ? `${first} or above` : first
  throw new GmError('GM1001', `no project.yml in ${where}`, {
    hint: isDbt
      ? 'There is a dbt_project.yml: copy it to project.yml and put the target of your profile under targets.'
      : 'Go to the folder of your project, or pass --project-dir.',
  })
}

function readFromDisk(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new GmError('GM1009', `${path} cannot be read: ${code ?? String(cause)}`, { cause })
  }
}

/** Variables given for all packages, and over them those below the project's own name. */
function varsOf(file: ProjectFile): Readonly<Record<string, unknown>> {
  const { [file.name]: own, ...flat } = file.vars
  if (own === undefined) return flat
  return typeof own === 'object' && own !== null && !Array.isArray(own)
    ? { ...flat, ...own }
    : { ...flat, [file.name]: own }
}

function allowedValues(names: readonly string[], env: Environment): ReadonlyMap<string, string> {
  return new Map(
    names.flatMap((name) => {
      const value = env.get(name)
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function targetOf(
  file: ProjectFile,
  value: object,
  root: string,
  { flags }: LoadOptions,
  env: Environment,
  placeOf: PlaceOf,
): Project['target'] {
  const defaultDatabase = `${file.name}_warehouse`
  const wanted = flags.target ?? file.target
  if (file.targets !== undefined) {
    const { targets } = value as { targets: Readonly<Record<string, unknown>> }
    const below: PlaceOf = (path, part) => placeOf(['targets', ...path], part)
    return resolveTarget({ targets, wanted, root, defaultDatabase, env, placeOf: below })
  }
  if (wanted !== undefined) {
    throw new GmError('GM1007', `unknown target "${wanted}": project.yml has no targets`, {
      at: flags.target === undefined ? placeOf(['target']) : undefined,
      hint: 'Write it under targets, or leave the choice to the environment.',
    })
  }
  return targetFromEnvironment(env, defaultDatabase)
}

const TREES = {
  models: 'model',
  snapshots: 'snapshot',
  seeds: 'seed',
  sources: 'source',
  data_tests: 'test',
  tests: 'test',
} as const

function readTrees(
  file: ProjectFile,
  value: object,
  check: CheckConfig,
  placeOf: PlaceOf,
  errors: GmError[],
): Project['resourceConfig'] {
  if (Object.hasOwn(value, 'tests') && Object.hasOwn(value, 'data_tests')) {
    errors.push(
      new GmError('GM1003', 'both "data_tests" and "tests" are given', {
        at: placeOf(['tests']),
        hint: 'Put all of it under data_tests.',
      }),
    )
  }
  const tree = (key: keyof typeof TREES) =>
    readConfigTree(file[key], [key], {
      projectName: file.name,
      placeOf,
      errors,
      check: (raw, below) => check(TREES[key], raw, below),
    })
  return {
    models: tree('models'),
    snapshots: tree('snapshots'),
    seeds: tree('seeds'),
    sources: tree('sources'),
    tests: tree(Object.hasOwn(value, 'tests') ? 'tests' : 'data_tests'),
  }
}

/** dbt renders all of dbt_project.yml; here a template outside of targets would be taken for plain text. */
function refuseTemplates(value: unknown, placeOf: PlaceOf): GmError[] {
  const errors: GmError[] = []
  const walk = (here: unknown, path: readonly (string | number)[]): void => {
    if (typeof here === 'string' && /\{[{%]/.test(here)) {
      errors.push(
        new GmError('GM1008', 'gm does not support templates here yet', {
          at: placeOf(path, 'value'),
          hint: 'Write the value itself; env_var() works in targets, var() in models.',
        }),
      )
    } else if (Array.isArray(here)) {
      for (const [i, item] of here.entries()) walk(item, [...path, i])
    } else if (typeof here === 'object' && here !== null) {
      for (const [key, item] of Object.entries(here)) walk(item, [...path, key])
    }
  }
  for (const [key, part] of Object.entries(value as object)) {
    // Variables are texts of the user's own, in dbt as well.
    if (key !== 'targets' && key !== 'vars') walk(part, [key])
  }
  return errors
}

const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  warning: 'warn',
  error: 'error',
  critical: 'error',
}

function logLevelOf(env: Environment): LogLevel | undefined {
  const text = env.get('BATCH_LOG_LEVEL')
  if (text === undefined) return undefined
  const level = LOG_LEVELS[text.toLowerCase()]
  if (level !== undefined) return level
  throw new GmError(
    'GM1003',
    `BATCH_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not "${text}"`,
    {
      at: env.placeOf('BATCH_LOG_LEVEL'),
    },
  )
}
