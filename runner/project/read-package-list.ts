import { join } from 'node:path'
import * as z from 'zod'
import { throwAll } from '../base/error.ts'
import { hidePassword } from '../base/hide-password.ts'
import type { Location } from '../base/location.ts'
import { explainIssues, notYet } from './explain-issues.ts'
import type { ProjectDisk } from './project-disk.ts'
import { parseYaml } from './yaml-with-places.ts'

/** One entry of packages.yml. */
export type PackageEntry = {
  readonly at: Location
  /** To be shown: the folder, the address without a password, or the name in the hub. */
  readonly name: string
} & (
  | { readonly kind: 'local'; readonly folder: string }
  | {
      readonly kind: 'git'
      readonly url: string
      /** A tag, branch or commit; undefined means the default branch. */
      readonly revision: string | undefined
      readonly subdirectory: string | undefined
    }
  | { readonly kind: 'hub'; readonly version: string }
)

export interface PackageList {
  /** `packages.yml` or `dependencies.yml`; undefined when there is neither. */
  readonly file: string | undefined
  readonly entries: readonly PackageEntry[]
}

const FILES = ['packages.yml', 'dependencies.yml']

const entry = z.union([
  z.strictObject({ local: z.string() }),
  z.strictObject({
    git: z.string(),
    revision: z.union([z.string(), z.number()]).transform(String).optional(),
    subdirectory: z.string().optional(),
    'warn-unpinned': z.boolean().optional(),
  }),
  z.strictObject({
    package: z.string(),
    version: z
      .union([z.string(), z.number(), z.array(z.union([z.string(), z.number()]))])
      .transform((given) => (Array.isArray(given) ? given.join(', ') : String(given))),
    'install-prerelease': z.boolean().optional(),
  }),
])

const schema = z.strictObject({
  packages: z.array(entry).nullable().default([]),
  projects: notYet,
})

/**
 * What packages.yml, or else dependencies.yml, asks for; nothing when there is neither.
 * @param root absolute, of the project or of a package.
 * @throws GmError or GmErrors GM1002, GM1003, GM1004, GM1008.
 */
export function readPackageList(root: string, disk: ProjectDisk): PackageList {
  for (const file of FILES) {
    const text = disk.read(join(root, file))
    if (text === undefined) continue
    const yaml = parseYaml(text, file)
    const value = yaml.value ?? {}
    const parsed = schema.safeParse(value)
    if (!parsed.success) {
      throwAll(explainIssues(parsed.error, schema, value, yaml.placeOf))
      throw parsed.error
    }
    const entries = (parsed.data.packages ?? []).map((one, i): PackageEntry => {
      const at = yaml.placeOf(['packages', i], 'value')
      if ('local' in one) return { kind: 'local', at, name: one.local, folder: one.local }
      if ('package' in one) return { kind: 'hub', at, name: one.package, version: one.version }
      const { git: url, revision, subdirectory } = one
      return { kind: 'git', at, name: hidePassword(url), url, revision, subdirectory }
    })
    if (entries.length > 0) return { file, entries }
  }
  return { file: undefined, entries: [] }
}
