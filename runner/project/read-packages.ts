import { join } from 'node:path'
import type { GmError } from '../base/error.ts'
import type { CheckConfig } from './config-tree.ts'
import { explainIssues } from './explain-issues.ts'
import { projectIn } from './find-project.ts'
import type { Package, ResourcePaths } from './project.ts'
import type { ProjectDisk } from './project-disk.ts'
import type { ProjectFile } from './project-schema.ts'
import { projectSchema } from './project-schema.ts'
import { readTrees } from './read-trees.ts'
import type { EvaluateSetting, SettingScope } from './render-settings.ts'
import { renderSettings } from './render-settings.ts'
import { stayTemplates } from './stay-templates.ts'
import { packageVars } from './vars.ts'
import { parseYaml } from './yaml-with-places.ts'

export interface PackagesContext {
  readonly root: string
  /** `packages-install-path` of the project. */
  readonly installPath: string
  readonly disk: ProjectDisk
  readonly check: CheckConfig
  readonly evaluate: EvaluateSetting
  readonly scope: SettingScope
  /** `vars:` of the project file. */
  readonly projectVars: Readonly<Record<string, unknown>>
  /** `--vars`. */
  readonly givenVars: Readonly<Record<string, unknown>>
  readonly errors: GmError[]
}

/** A package as its project file has it; its trees are read when the names of all packages are known. */
interface FoundPackage {
  readonly folder: string
  readonly place: string
  readonly text: string
}

/** The packages that are installed: every folder of the install path with a project file, sorted by name. */
export function readPackages(context: PackagesContext): Package[] {
  const found = context.disk.folders(join(context.root, context.installPath)).flatMap((name) => {
    const folder = `${context.installPath}/${name}`
    const file = projectIn(join(context.root, folder), (path) => context.disk.read(path))
    return file === undefined
      ? []
      : [{ folder, place: `${folder}/${file.file}`, text: file.text } satisfies FoundPackage]
  })
  return found
    .flatMap((one) => readPackage(one, context) ?? [])
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function readPackage(found: FoundPackage, context: PackagesContext): Package | undefined {
  const { errors, evaluate, scope } = context
  const yaml = parseYaml(found.text, found.place)
  const { name = '' } = (yaml.value ?? {}) as { readonly name?: string }
  const vars = (yaml.value as { vars?: Readonly<Record<string, unknown>> } | null)?.vars ?? {}
  const merged = packageVars(name, vars, context.projectVars, context.givenVars)
  const value = renderSettings(
    yaml.value ?? {},
    (text) => evaluate(text, { ...scope, projectName: name, vars: merged }),
    stayTemplates,
    yaml.placeOf,
    errors,
  )
  const parsed = projectSchema.safeParse(value)
  if (!parsed.success) {
    errors.push(...explainIssues(parsed.error, projectSchema, value, yaml.placeOf))
    return undefined
  }
  const file = parsed.data
  return {
    name: file.name,
    version: file.version,
    folder: found.folder,
    paths: pathsOf(file, `${found.folder}/`),
    vars: merged,
    restrictsAccess: file['restrict-access'],
    resourceConfig: readTrees(file, {
      packages: [file.name],
      check: context.check,
      placeOf: yaml.placeOf,
      unrendered: yaml.value,
      errors,
    }),
  }
}

/** The folders of a project file. @param prefix the folder that they are in, with a slash; nothing for the project. */
export function pathsOf(file: ProjectFile, prefix = ''): ResourcePaths {
  const below = (folders: readonly string[]) => folders.map((folder) => prefix + folder)
  return {
    models: below(file['model-paths']),
    snapshots: below(file['snapshot-paths']),
    seeds: below(file['seed-paths']),
    macros: below(file['macro-paths']),
    tests: below(file['test-paths']),
    analyses: below(file['analysis-paths']),
    docs: below(file['docs-paths']),
  }
}
