import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Layout } from './layout.ts'
import { layoutOf, PLACE_PREFIX, readPlace } from './layout.ts'
import { isRoot } from './os-process.ts'
import type { ServerAccount } from './server-account.ts'
import { canReach, chooseAccount } from './server-account.ts'

/** Makes `.gm`, which is never part of the user's repository, and belongs to whom the project belongs to. */
export async function prepareFolder(root: string): Promise<void> {
  const { folder, claims } = layoutOf(root)
  const created = await mkdir(claims, { recursive: true })
  await writeFile(join(folder, '.gitignore'), '*\n', { flag: 'wx' }).catch(() => undefined)
  if (!isRoot() || created === undefined) return
  const { uid, gid } = await stat(root)
  for (const path of [folder, claims, join(folder, '.gitignore')]) await chown(path, uid, gid)
}

/**
 * Decides as whom the server runs, and where: in `.gm`, or, where that is closed to the account, in a folder of the
 * system, to which a data directory moves that was here before. No server may run meanwhile.
 */
export async function settle(
  root: string,
  program: string,
): Promise<{ readonly layout: Layout; readonly account: ServerAccount }> {
  const before = layoutOf(root)
  const account = await chooseAccount(before.data, root, { folder: before.place, program })
  if (account.kind !== 'other') return { layout: before, account }
  if (!(await canReach(account, before.place, 1))) await moveOut(before)
  const layout = layoutOf(root)
  await giveTo(layout.data, account)
  return { layout, account }
}

async function moveOut({ data, placeFile }: Layout): Promise<void> {
  const unfinished = `${placeFile}.new`
  const abandoned = readPlace(unfinished)
  if (abandoned !== undefined) await rm(abandoned, { recursive: true, force: true })
  const place = await makePlace()
  await writeFile(unfinished, `${place}\n`, { mode: 0o600 })
  if (await exists(data)) {
    await cp(data, join(place, 'postgres'), { recursive: true, verbatimSymlinks: true })
  }
  await rename(unfinished, placeFile)
  await rm(data, { recursive: true, force: true })
}

/** Not /tmp unless there is nothing else: systems empty that. */
async function makePlace(): Promise<string> {
  for (const parent of ['/var/lib', '/var/tmp']) {
    const place = await mkdtemp(join(parent, PLACE_PREFIX)).catch(() => undefined)
    if (place === undefined) continue
    await chmod(place, 0o711)
    return place
  }
  const place = await mkdtemp(join(tmpdir(), PLACE_PREFIX))
  await chmod(place, 0o711)
  return place
}

/** All files of a data directory to the account, when the directory is not its own already. */
async function giveTo(
  data: string,
  account: ServerAccount & { readonly kind: 'other' },
): Promise<void> {
  if (!(await exists(data)) || (await stat(data)).uid === account.uid) return
  for (const entry of await readdir(data, { recursive: true })) {
    await chown(join(data, entry), account.uid, account.gid)
  }
  // Last: its owner says that all is done.
  await chown(data, account.uid, account.gid)
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
