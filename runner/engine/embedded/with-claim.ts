import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, ownPid, startMark } from './os-process.ts'

/**
 * Runs `work` while no other process is inside `withClaim` for the same folder, and waits until that is so.
 * Everybody puts up a claim of a name of its own, then looks for others, and takes its claim down again when it
 * sees one. A claim names its process, so that those of the dead are told and removed; as no name is used
 * twice, nobody can remove the claim of a living one by mistake, which a single lock file cannot promise.
 * @param onWait called once, with the pid of the process waited for.
 */
export async function withClaim<T>(
  folder: string,
  work: () => Promise<T>,
  onWait: (pid: number) => void = () => undefined,
): Promise<T> {
  const name = `${ownPid}-${startMark(ownPid)}-${randomBytes(6).toString('hex')}`
  const claim = join(folder, name)
  let told = false
  for (;;) {
    let holder = await otherClaim(folder, name)
    if (holder === undefined) {
      await putClaim(folder, claim)
      holder = await otherClaim(folder, name)
      if (holder === undefined) break
      await rm(claim, { force: true })
    }
    if (!told) onWait(holder)
    told = true
    // At random, so that two who saw each other do not meet for ever.
    await sleep(10 + Math.random() * 50)
  }
  try {
    return await work()
  } finally {
    await rm(claim, { force: true })
  }
}

async function putClaim(folder: string, claim: string): Promise<void> {
  for (;;) {
    await mkdir(folder, { recursive: true })
    try {
      await writeFile(claim, '')
      return
    } catch (error) {
      // A reset took the folder away in between.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** The pid of a living process that has a claim; removes the claims of the dead. */
async function otherClaim(folder: string, own: string): Promise<number | undefined> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    if (name === own) continue
    const [pid = '', mark = ''] = name.split('-')
    if (isAlive(Number(pid)) && startMark(Number(pid)) === mark) return Number(pid)
    await rm(join(folder, name), { force: true })
  }
  return undefined
}
