import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { test } from '../../testing/embedded-fixture.ts'
import { ownPid, startMark } from './os-process.ts'
import { withClaim } from './with-claim.ts'

test('of many who want in at once, one at a time is in', async ({ root }) => {
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await sleep(2)
    inside--
  }
  await Promise.all(Array.from({ length: 20 }, async () => withClaim(join(root, 'claims'), work)))
  expect(most).toBe(1)
  expect(await readdir(join(root, 'claims'))).toEqual([])
})

test('the claim of a process that was killed holds nobody up', async ({ root }) => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  await writeFile(join(root, `${pid}-${startMark(pid)}-00`), '')
  const entered = withClaim(root, () => Promise.resolve('in'))
  expect(await Promise.race([entered, sleep(200, 'waits')])).toBe('waits')
  child.kill('SIGKILL')
  expect(await entered).toBe('in')
})

test('the claim of a process whose pid another one has by now holds nobody up', async ({
  root,
}) => {
  await writeFile(join(root, `${ownPid}-1-00`), '')
  expect(await withClaim(root, () => Promise.resolve('in'))).toBe('in')
})

test('the claim is given back when the work fails', async ({ root }) => {
  const failed = withClaim(root, () => Promise.reject(new Error('no')))
  await expect(failed).rejects.toThrow('no')
  expect(await readdir(root)).toEqual([])
})
