import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { generateProject, writeProject } from '../generate-project.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const MODELS = 1_000
const PROMISED_SECONDS = 2

/** Column lineage of a whole project: for the first time, and again when nothing has changed. Parsing is part of both. */
export const lineage: Case = async () =>
  await inScratch(async (folder) => {
    writeProject(folder, generateProject({ models: MODELS, seed: 1 }))
    const ours = { argv: [...GM, 'lineage'], cwd: folder }
    const atFirst = await compare({
      ours,
      rounds: 3,
      before: () => {
        rmSync(join(folder, '.gm', 'cache', 'lineage.json'), { force: true })
        return Promise.resolve()
      },
    })
    const again = await compare({ ours, rounds: 3 })
    return [
      {
        name: `lineage of ${MODELS} models, cold`,
        floorName: '',
        pair: atFirst,
        target: `CPU ≤ ${PROMISED_SECONDS} s`,
        isMet: atFirst.ours.cpuSeconds <= PROMISED_SECONDS,
      },
      {
        name: `lineage of ${MODELS} models, unchanged`,
        floorName: '',
        pair: again,
        target: 'less than cold',
        isMet: again.ours.cpuSeconds < atFirst.ours.cpuSeconds,
      },
    ]
  })
