import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What a newcomer waits for: `npm start` in a fresh clone, after installation, with no database yet. */
export const demo: Case = async () =>
  await inScratch(async (folder) => {
    const clone = join(folder, 'clone')
    execFileSync('git', ['clone', '--quiet', ROOT, clone])
    const gm = (...args: string[]): void => {
      execFileSync(GM[0], [GM[1], ...args], { cwd: clone, stdio: 'ignore' })
    }
    const pair = await compare({
      ours: { argv: [...GM, 'demo'], cwd: clone },
      rounds: 3,
      before: async () => {
        gm('db', 'reset', '--yes')
        await Promise.resolve()
      },
    })
    gm('db', 'reset', '--yes')
    return [
      {
        name: 'npm start',
        floorName: '',
        pair,
        target: 'wall ≤ 60 s, memory ≤ 250 MiB',
        isMet: pair.ours.wallSeconds <= 60 && pair.ours.peakMiB <= 250,
      },
    ]
  })
