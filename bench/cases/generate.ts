import { join } from 'node:path'
import type { Case } from '../finding.ts'
import { measure } from '../measure.ts'
import { GM, inScratch } from '../scratch.ts'

const EVENTS = Number(process.env['GM_BENCH_EVENTS'] ?? 1_000_000)

/** The largest shop that is promised, written to files: customers and products are computed and not held. */
export const generate: Case = async () =>
  await inScratch(async (folder) => {
    const ours = await measure({
      argv: [
        ...[...GM, 'generate', '--out', join(folder, 'events'), '--seed', '7', '--days', '30'],
        ...['--events', String(EVENTS), '--users', '10000000', '--products', '250000'],
      ],
    })
    return [
      {
        name: `generate ${EVENTS} events of 10 million users and 250,000 products to files`,
        floorName: '',
        pair: { ours, floor: undefined, wallRatio: undefined, cpuRatio: undefined, rounds: 1 },
        target: 'memory ≤ 300 MiB',
        isMet: ours.peakMiB <= 300,
      },
    ]
  })
