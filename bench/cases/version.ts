import type { Case } from '../finding.ts'
import { compare } from '../measure.ts'
import { GM } from '../scratch.ts'

/** How long a command takes that does nothing, against Node doing nothing. */
export const version: Case = async () => {
  const pair = await compare({
    ours: { argv: [...GM, '--version'] },
    floor: { argv: [process.execPath, '-e', '0'] },
    rounds: 15,
  })
  return [
    {
      name: 'gm --version',
      floorName: 'node -e 0',
      pair,
      target: 'wall ≤ 2.0',
      isMet: (pair.wallRatio ?? Infinity) <= 2,
    },
  ]
}
