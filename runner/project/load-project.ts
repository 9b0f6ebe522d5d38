import { join } from 'node:path'
import { GmError, throwAll } from '../base/error.ts'
import type { ChosenTarget } from './chosen-target.ts'
import type { CheckConfig } from './config-tree.ts'
import type { Environment } from './environment.ts'
import { readEnvironment } from './environment.ts'
import type { PlaceOf } from './explain-issues.ts'
import { explainIssues, inFileOrder } from './explain-issues.ts'
import { findProject } from './find-project.ts'
import { leftAside } from './left-aside.ts'
import type { LoadOptions } from './load-options.ts'
import { openLineageSettings } from './openlineage.ts'
import type { LogLevel, Project, ProjectHook } from './project.ts'
import { PROJECT_DISK } from './project-disk.ts'
import type { ProjectFile } from './project-schema.ts'
import { projectSchema } from './project-schema.ts'
import { readMaterializations } from './read-materializations.ts'
import { pathsOf, readPackages } from './read-packages.ts'
import { readTrees } from './read-trees.ts'
import type { SettingScope } from './render-settings.ts'
import { renderSettings } from './render-settings.ts'
import { requireInstalled } from './require-installed.ts'
import { settleTarget } from './settle-target.ts'
import { stayTemplates } from './stay-templates.ts'
import { projectVars } from './vars.ts'
import { parseYaml } from './yaml-with-places.ts'

/**
 * Reads project.yml or dbt_project.yml, `.env` beside it, the environment, profiles.yml, the installed packages and the
 * flags: the environment wins over `.env`, flags over all.
 *
 * @throws GmError or GmErrors GM1001 no project, GM1002 unknown key, GM1003 wrong type or value, GM1004 YAML syntax,
 *   GM1005 missing environment variable, GM1007 unknown target, GM1008 not supported yet, GM1009 unreadable file,
 *   GM1011 two servers, GM1012 a package that is not installed; of templates GM2001 and GM3….
 */
export function loadProject(options: LoadOptions): Project {
  const { flags, disk = PROJECT_DISK } = options
  const found = findProject(options.startDir, flags.projectDir, (path) => disk.read(path))
  const { root } = found
  const isDbt = found.file === 'dbt_project.yml'
  const yaml = parseYaml(found.text, found.file)
  const { placeOf } = yaml
  const env = readEnvironment(options.env, disk.read(join(root, '.env')))
  const errors: GmError[] = []

  const raw = (yaml.value ?? {}) as Partial<ProjectFile>
  const given = {
    ...(isMapping(raw.vars) ? projectVars(String(raw.name), raw.vars) : {}),
    ...flags.vars,
  }
  const readable = readableEnv(isDbt ? 'all' : listOf(raw.env), env)
  const scope: SettingScope = { projectName: String(raw.name), vars: given, ...readable }
  let chosen: ChosenTarget | undefined
  const target = (): ChosenTarget =>
    (chosen ??= settleTarget({ raw, root, found: found.file, options, disk, env, scope, placeOf }))
  const inScope = (text: string): SettingScope =>
    /\btarget\b/.test(text) ? { ...scope, target: target().target } : scope

  const value = renderSettings(
    raw,
    (text) => options.evaluate(text, inScope(text)),
    stayTemplates,
    placeOf,
    errors,
  )
  throwAll(inFileOrder(errors))
  const parsed = projectSchema.safeParse(value)
  if (!parsed.success) {
    throwAll(explainIssues(parsed.error, projectSchema, value, placeOf))
  }
  const file = parsed.data as ProjectFile
  const materializations = readMaterializations(file, root, disk, placeOf, errors)
  const checkConfig: CheckConfig = (kind, raw, place) =>
    options.checkConfig(kind, raw, place, Object.keys(materializations))
  const packages = readPackages({
    root,
    installPath: file['packages-install-path'],
    disk,
    check: options.checkConfig,
    evaluate: (text) => options.evaluate(text, inScope(text)),
    scope,
    projectVars: file.vars,
    givenVars: flags.vars ?? {},
    errors,
  })
  const allowsMissing = options.allowsMissingPackages === true
  if (!allowsMissing) requireInstalled(root, packages, disk)
  const installed = allowsMissing
    ? Object.keys({
        ...file.models,
        ...file.seeds,
        ...file.snapshots,
        ...file.data_tests,
        ...file.tests,
        ...file.unit_tests,
        ...file.sources,
      })
    : packages.map(({ name }) => name)
  const resourceConfig = readTrees(file, {
    packages: [file.name, ...installed],
    check: checkConfig,
    placeOf,
    unrendered: raw,
    errors,
  })
  throwAll(inFileOrder(errors))
  const { threads, retries, statementTimeoutSeconds } = target()
  const timeoutSeconds = statementTimeoutSeconds ?? file.statement_timeout_seconds
  return Object.freeze({
    root,
    file: found.file,
    isDbt,
    name: file.name,
    version: file.version,
    packages,
    packagesFolder: file['packages-install-path'],
    materializations,
    dispatch: Object.fromEntries(
      file.dispatch.map((one) => [one.macro_namespace, one.search_order]),
    ),
    warnings: leftAside(value as object, file, placeOf),
    paths: {
      ...pathsOf(file),
      assets: file['asset-paths'],
      target: file['target-path'],
      logs: file['log-path'],
    },
    vars: { ...projectVars(file.name, file.vars), ...flags.vars },
    ...readable,
    target: target().target,
    targetNames: target().names ?? [],
    threads: flags.threads ?? threads ?? file.threads,
    onRunStart: hooksOf(file['on-run-start'], 'on-run-start', placeOf),
    onRunEnd: hooksOf(file['on-run-end'], 'on-run-end', placeOf),
    resourceConfig,
    publish: file.publish,
    keepVersions: file.keep_versions,
    publishWaitMs: file.publish_wait_seconds * 1000,
    reuse: file.reuse,
    statementTimeoutMs:
      timeoutSeconds === undefined ? undefined : Math.round(timeoutSeconds * 1000),
    retries: retries ?? file.retries,
    historyRetentionDays: file.history_retention_days,
    logRetentionDays: file.log_retention_days,
    logLevel: logLevelOf(env),
    generator: {
      seed: env.get('DATA_GEN_SEED'),
      users: env.get('DATA_GEN_NUM_USERS'),
      products: env.get('DATA_GEN_NUM_PRODUCTS'),
      perSecond: env.get('DATA_GEN_EVENTS_PER_SECOND'),
    },
    jobs: file.jobs,
    openlineage: openLineageSettings(env, file.openlineage, file.name),
  })
}

/** Names that hold secrets by every custom; a dbt project may read all others. */
const SECRET =
  /SECRET|PASSW|PASSPHRASE|PWD$|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|DATABASE_URL/i

function hooksOf(
  given: string | readonly string[] | undefined,
  key: string,
  placeOf: PlaceOf,
): readonly ProjectHook[] {
  if (given === undefined) return []
  if (typeof given === 'string') return [{ text: given, at: placeOf([key], 'value') }]
  return given.map((text, i) => ({ text, at: placeOf([key, i], 'value') }))
}

function readableEnv(
  allowed: readonly string[] | 'all',
  env: Environment,
): Pick<Project, 'env' | 'envAllowed'> {
  const names = allowed === 'all' ? env.names().filter((name) => !SECRET.test(name)) : allowed
  const values = names.flatMap((name) => {
    const value = env.get(name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { env: new Map(values), envAllowed: allowed === 'all' ? 'all' : new Set(allowed) }
}

function listOf(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.filter((item) => typeof item === 'string') : []
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
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
