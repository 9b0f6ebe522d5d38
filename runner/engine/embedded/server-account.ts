import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { isRoot } from './os-process.ts'

/**
 * As whom the server runs. PostgreSQL refuses root, and initdb a user without a name (`docker run --user 12345`).
 * - `self`: gm's own user.
 * - `namespace`: gm's user outside, `nobody` within a user namespace, so that the files stay gm's and no folder is closed.
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
  if (isRoot()) {
    const { uid, gid } = (await stat(data).catch(() => undefined)) ?? (await stat(root))
    if (uid !== 0 && (await hasName(uid))) return { kind: 'other', uid, gid }
  } else if (isNamed()) {
    return { kind: 'self' }
  }
  const { folder, program } = reachable
  const trial = ['test', '-w', folder, '-a', '-x', program]
  try {
    await promisify(execFile)('unshare', [...INTO_NAMESPACE, ...trial])
    return { kind: 'namespace' }
  } catch {
    // No unshare, or a container that forbids it.
    return isRoot() ? { kind: 'other', ...(await nobody()) } : { kind: 'self' }
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

function isNamed(): boolean {
  try {
    return userInfo().username !== ''
  } catch {
    return false
  }
}

async function hasName(uid: number): Promise<boolean> {
  // Not /etc/passwd: users may come from a directory service.
  return promisify(execFile)('id', ['-un', String(uid)]).then(
    () => true,
    () => false,
  )
}

async function nobody(): Promise<{ uid: number; gid: number }> {
  const users = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, uid = '65534', gid = '65534'] = /^nobody:[^:]*:(-?\d+):(-?\d+):/m.exec(users) ?? []
  // macOS writes -2 for the unsigned number.
  return { uid: Number(uid) >>> 0, gid: Number(gid) >>> 0 }
}
