import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { isRoot } from './os-process.ts'

/**
 * As whom the server runs. PostgreSQL refuses root.
 * - `self`: gm's own user.
 * - `namespace`: root outside, `nobody` within a user namespace, so that the files stay root's and no folder is closed.
 * - `other`: another user, to whom the files belong.
 */
export type ServerAccount =
  | { readonly kind: 'self' }
  | { readonly kind: 'namespace' }
  | { readonly kind: 'other'; readonly uid: number; readonly gid: number }

const INTO_NAMESPACE = ['--user', '--map-user=65534']

/**
 * The account for a data directory.
 * @param data it stays with its owner; when it does not exist yet, the owner of the project decides.
 * @param reachable what the server must be able to enter: a folder to write in, a program to run.
 */
export async function chooseAccount(
  data: string,
  root: string,
  reachable: { readonly folder: string; readonly program: string },
): Promise<ServerAccount> {
  if (!isRoot()) return { kind: 'self' }
  const owner = (await stat(data).catch(() => undefined)) ?? (await stat(root))
  if (owner.uid !== 0) return { kind: 'other', uid: owner.uid, gid: owner.gid }
  const { folder, program } = reachable
  const trial = ['test', '-w', folder, '-a', '-x', program]
  try {
    await promisify(execFile)('unshare', [...INTO_NAMESPACE, ...trial])
    return { kind: 'namespace' }
  } catch {
    // No unshare, or a container that forbids it.
    return { kind: 'other', ...(await nobody()) }
  }
}

/** What to give to `spawn` so that a program runs as an account. */
export function runAs(
  account: ServerAccount,
  program: string,
  args: readonly string[],
): { program: string; args: string[]; identity: { uid?: number; gid?: number } } {
  switch (account.kind) {
    case 'self':
      return { program, args: [...args], identity: {} }
    case 'namespace':
      return { program: 'unshare', args: [...INTO_NAMESPACE, program, ...args], identity: {} }
    case 'other':
      return { program, args: [...args], identity: { uid: account.uid, gid: account.gid } }
  }
}

/** Whether the mode bits let an account enter all folders above a path, and use the path itself by `bits` (4 read, 1 enter). */
export async function canReach(
  account: ServerAccount,
  path: string,
  bits: number,
): Promise<boolean> {
  if (account.kind !== 'other') return true
  for (let at = path, wanted = bits; ; at = dirname(at), wanted = 1) {
    const { mode, uid, gid } = await stat(at)
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
    if (((mode >> shift) & wanted) !== wanted) return false
    if (at === dirname(at)) return true
  }
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, uid = '65534', gid = '65534'] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(users) ?? []
  // macOS writes -2 for the unsigned number.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}
