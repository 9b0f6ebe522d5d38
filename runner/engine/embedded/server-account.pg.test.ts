import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import {
  chmod,
  chown,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import process from 'node:process'
import { describe, expect } from 'vitest'
import { QUICK, test } from '../../testing/embedded-fixture.ts'
import { spawnStart } from '../../testing/spawn-start.ts'
import { findPackage } from './find-package.ts'
import { resetEmbedded } from './reset-embedded.ts'
import { startEmbedded } from './start-embedded.ts'
import { stopEmbedded } from './stop-embedded.ts'

const database = 'warehouse'
const NOBODY = 65534
/** A user that every Unix has, and that is no special one to gm. */
const DAEMON = 1
const isRoot = process.getuid?.() === 0

/** As whom the kernel sees a process. */
async function userOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])
}

describe.skipIf(!isRoot)(
  'a server that root starts (skipped: these tests must run as root)',
  () => {
    test('runs below a folder that only root can enter, on files that stay the owner’s', async ({
      root,
      ask,
    }) => {
      await chmod(root, 0o700)
      const { connection, dataDirectory } = await startEmbedded({ root, database, settings: QUICK })
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
      expect(dataDirectory).toBe(join(root, '.gm/postgres'))
      expect((await stat(dataDirectory)).uid).toBe(0)
    })

    test('runs as nobody from a folder of the system where there is no unshare', async ({
      root,
      ask,
    }) => {
      await chmod(root, 0o700)
      const { server } = spawnStart({ root, database, settings: QUICK }, { path: '/nonexistent' })
      const { connection, dataDirectory, pid } = await server
      expect(await userOf(pid)).toBe(NOBODY)
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
      expect(dataDirectory.startsWith(root)).toBe(false)
      await resetEmbedded(root)
      expect(existsSync(dirname(dataDirectory))).toBe(false)
    })

    test('takes its data along when unshare is gone', async ({ root, ask }) => {
      await chmod(root, 0o700)
      const first = await startEmbedded({ root, database, settings: QUICK })
      await ask(first.connection, 'create table kept as select 7 as n')
      await stopEmbedded(root)
      const { server } = spawnStart({ root, database, settings: QUICK }, { path: '/nonexistent' })
      const { connection, dataDirectory } = await server
      expect(dataDirectory.startsWith(root)).toBe(false)
      expect(await ask(connection, 'select n from kept')).toEqual([{ n: 7 }])
    })

    test('stays in an open project as nobody where there is no unshare', async ({ root, ask }) => {
      await chmod(root, 0o755)
      const { server } = spawnStart({ root, database, settings: QUICK }, { path: '/nonexistent' })
      const { connection, dataDirectory, pid } = await server
      expect(await userOf(pid)).toBe(NOBODY)
      expect(dataDirectory).toBe(join(root, '.gm/postgres'))
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
    })

    test('in the project of a user belongs to that user, who can start it again', async ({
      root,
    }) => {
      await chown(root, DAEMON, DAEMON)
      const first = await startEmbedded({ root, database, settings: QUICK })
      expect(await userOf(first.pid)).toBe(DAEMON)
      await stopEmbedded(root)
      const second = await spawnStart({ root, database, settings: QUICK }, { uid: DAEMON }).server
      expect(second.connection).toEqual(first.connection)
    })

    test('is not started by a user whom the data does not belong to', async ({ root }) => {
      await startEmbedded({ root, database, settings: QUICK })
      await stopEmbedded(root)
      await chmod(root, 0o755)
      const { server } = spawnStart({ root, database }, { uid: NOBODY })
      await expect(server).rejects.toThrow('The folder .gm belongs to another user')
    })
  },
)

describe('an ordinary user', () => {
  test('starts a server that runs as that user', async ({ root }) => {
    if (isRoot) await chown(root, NOBODY, NOBODY)
    const uid = isRoot ? NOBODY : undefined
    const { pid } = await spawnStart({ root, database, settings: QUICK }, { uid }).server
    expect(await userOf(pid)).toBe(uid ?? process.getuid?.())
  })
})

describe.skipIf(!isRoot)('a user without a name (skipped: these tests must run as root)', () => {
  test('starts a server, though initdb wants to know the name', async ({ root, ask }) => {
    await chown(root, 12345, 12345)
    const { connection } = await spawnStart({ root, database, settings: QUICK }, { uid: 12345 })
      .server
    expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('a package that cannot be changed and lacks its library links', () => {
  test('is used by way of a copy in .gm', async ({ root, ask }) => {
    const source = join(root, 'installed')
    const project = join(root, 'project')
    const uid = isRoot ? NOBODY : undefined
    const { name, folder, links } = findPackage()
    const installed = join(source, 'node_modules', name)
    await mkdir(project)
    await mkdir(source)
    await writeFile(join(source, 'package.json'), '{ "type": "module" }')
    for (const layer of ['base', 'project', 'engine']) {
      const from = resolve(import.meta.dirname, '../..', layer)
      await cp(from, join(source, 'runner', layer), { recursive: true })
    }
    await cp(dirname(folder), installed, { recursive: true, verbatimSymlinks: true })
    for (const { target } of links) await rm(join(installed, 'native', target), { force: true })
    await symlink(
      resolve(import.meta.dirname, '../../../node_modules/pg'),
      join(source, 'node_modules/pg'),
    )
    if (uid !== undefined) await chown(project, uid, uid)
    await chmod(root, 0o755)
    execFileSync('chmod', ['-R', 'a-w', source])
    const files = await readdir(installed, { recursive: true })
    try {
      const options = { root: project, database, settings: QUICK }
      const { connection, pid } = await spawnStart(options, { uid, source }).server
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
      const maps = await readFile(`/proc/${pid}/maps`, 'utf8')
      expect(maps).toContain(join(project, '.gm/postgres.binaries'))
      expect(await readdir(installed, { recursive: true })).toEqual(files)
    } finally {
      await resetEmbedded(project)
      execFileSync('chmod', ['-R', 'u+w', source])
    }
  })
})

describe.skipIf(!isRoot)('a full disk (skipped: these tests must run as root)', () => {
  test('is reported as such, and the next start works when there is space', async ({
    root,
    ask,
  }) => {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=20m', 'none', root])
    try {
      await expect(startEmbedded({ root, database, settings: QUICK })).rejects.toMatchObject({
        code: 'GM4005',
      })
      execFileSync('/bin/mount', ['-o', 'remount,size=400m', root])
      const { connection } = await startEmbedded({ root, database, settings: QUICK })
      expect(await ask(connection, 'select 1 as one')).toEqual([{ one: 1 }])
    } finally {
      await resetEmbedded(root)
      execFileSync('/bin/umount', [root])
    }
  })
})
