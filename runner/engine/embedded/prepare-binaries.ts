import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  chmod,
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { PostgresPackage } from './find-package.ts'
import { programPath } from './find-package.ts'
import type { ServerAccount } from './server-account.ts'
import { canReach } from './server-account.ts'

/**
 * A folder with PostgreSQL's programs that can run: the package's own where it is whole and the account can read
 * it; else a copy in `target`, made once for each version. npm packs no links, newer ones run no install
 * scripts, and node_modules may be read-only, so a package without its library links is common.
 */
export async function prepareBinaries(
  source: PostgresPackage,
  account: ServerAccount,
  target: string,
): Promise<string> {
  const isWhole = source.links.every(({ target: path }) => existsSync(join(source.folder, path)))
  const isReadable = await canReach(account, programPath(source.folder, 'postgres'), 5)
  if (isWhole && isReadable) return source.folder

  const copy = join(target, source.version)
  if (existsSync(copy)) return copy
  const unfinished = join(target, `${randomBytes(6).toString('hex')}.new`)
  // Files that another account must read cannot be the package's own: their mode would change there as well.
  await copyFolder(source.folder, unfinished, { share: isReadable })
  for (const { source: file, target: path } of source.links) {
    const at = join(unfinished, path)
    if (!existsSync(at)) await symlink(relative(dirname(path), file), at)
  }
  await rename(unfinished, copy)
  return copy
}

/** Copies what a server needs. With `share` files become hard links where the file system has them. */
async function copyFolder(from: string, to: string, how: { share: boolean }): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 })
  if (!how.share) await chmod(to, 0o755)
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) await copyFolder(source, target, how)
    else if (entry.isFile() && !entry.name.endsWith('.a')) await copyOne(source, target, how)
  }
}

async function copyOne(source: string, target: string, how: { share: boolean }): Promise<void> {
  if (how.share) {
    try {
      await link(source, target)
      return
    } catch {
      // Another file system, or a file that belongs to somebody else.
    }
  }
  await copyFile(source, target, constants.COPYFILE_FICLONE)
  if (!how.share) await chmod(target, 0o755)
}

/** Removes copies that a killed process left unfinished. */
export async function removeUnfinishedCopies(target: string): Promise<void> {
  for (const name of await readdir(target).catch(() => [])) {
    if (name.endsWith('.new')) await rm(join(target, name), { recursive: true, force: true })
  }
}
