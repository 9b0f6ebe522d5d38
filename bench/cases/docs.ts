import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { generateProject, writeProject } from '../generate-project.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const MODELS = 10_000

/** The docs site of a large project, with the lineage of every column, from nothing. */
export const docs: Case = async () =>
  await inScratch(async (folder) => {
    writeProject(folder, generateProject({ models: MODELS, seed: 1 }))
    const pair = await compare({
      ours: { argv: [...GM, 'docs', 'generate', '--empty-catalog', '--quiet'], cwd: folder },
      rounds: 3,
      before: () => {
        rmSync(join(folder, '.gm'), { recursive: true, force: true })
        return Promise.resolve()
      },
    })
    return [
      {
        name: `docs of ${MODELS} models`,
        floorName: '',
        pair,
        target: 'wall ≤ 20 s, 1 GB',
        isMet: pair.ours.wallSeconds <= 20 && pair.ours.peakMiB <= 1024,
      },
    ]
  })
