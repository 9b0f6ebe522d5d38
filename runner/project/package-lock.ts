import { join } from 'node:path'
import { dump, load } from 'js-yaml'
import type { ProjectDisk } from './project-disk.ts'

/** A package as it was installed, in the words of dbt's package-lock.yml. */
export interface LockedPackage {
  readonly name: string
  readonly local?: string
  readonly git?: string
  /** The commit. */
  readonly revision?: string
  /** What packages.yml asked for: a tag or branch, or HEAD. */
  readonly asked?: string
  readonly subdirectory?: string
  readonly package?: string
  readonly version?: string
}

export const LOCK_FILE = 'package-lock.yml'

/** What was installed last; nothing without a lock file, or with one that cannot be read. */
export function readLock(root: string, disk: ProjectDisk): readonly LockedPackage[] {
  const text = disk.read(join(root, LOCK_FILE))
  try {
    const value = (text === undefined ? null : load(text)) as { packages?: unknown } | null
    return Array.isArray(value?.packages) ? (value.packages as LockedPackage[]) : []
  } catch {
    return []
  }
}

/** The text of the lock file. */
export function lockText(packages: readonly LockedPackage[]): string {
  return dump({ packages })
}
