import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Case, Finding } from '../finding.ts'
import { generateProject, writeProject } from '../generate-project.ts'
import { compare } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

/** Models, and the CPU seconds promised for parsing them with two tests each: cold, and with nothing changed. */
const SIZES = [
  { models: 1_000, cold: 0.8, unchanged: 0.3, rounds: 5 },
  { models: 10_000, cold: 5, unchanged: 1, rounds: 3 },
] as const

export const parse: Case = async () => {
  const findings: Finding[] = []
  for (const { models, cold, unchanged, rounds } of SIZES) {
    await inScratch(async (folder) => {
      writeProject(folder, generateProject({ models, seed: 1 }))
      const ours = { argv: [...GM, 'parse', '--quiet'], cwd: folder }
      const atFirst = await compare({
        ours,
        rounds,
        before: () => {
          rmSync(join(folder, '.gm'), { recursive: true, force: true })
          return Promise.resolve()
        },
      })
      const again = await compare({ ours, rounds })
      findings.push(
        {
          name: `parse ${models} models, cold`,
          floorName: '',
          pair: atFirst,
          target: `CPU ≤ ${cold} s`,
          isMet: atFirst.ours.cpuSeconds <= cold,
        },
        {
          name: `parse ${models} models, unchanged`,
          floorName: '',
          pair: again,
          target: `CPU ≤ ${unchanged} s`,
          isMet: again.ours.cpuSeconds <= unchanged,
        },
      )
    })
  }
  return findings
}
