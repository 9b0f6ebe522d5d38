import type { Case } from '../finding.ts'
import { generateProject } from '../generate-project.ts'
import { inProject, sizeFrom } from '../in-project.ts'
import { compare } from '../measure.ts'
import { GM } from '../scratch.ts'

/**
 * A run in which nothing has changed: every model is reused. The floor is what no such tool can do without: Node's start
 * and one connection. The models read a seed, because a source that gm does not fill cannot be known to be unchanged.
 */
export const nothing: Case = async () => {
  const models = sizeFrom('BENCH_MODELS', 1_000)
  const files = new Map<string, string>()
  for (const [file, text] of generateProject({ models, seed: 1 })) {
    if (file === 'models/sources.yml') continue
    files.set(
      file,
      text
        .replaceAll(`{{ source('raw', 'events') }}`, `{{ ref('events') }}`)
        .replaceAll(`payload->>'name'`, 'name'),
    )
  }
  files.set('seeds/events.csv', 'id,name\n1,one\n2,two\n')
  return await inProject(files, async ({ folder, gm, psql, psqlArgv }) => {
    gm('seed')
    gm('run')
    psql('vacuum analyze')
    const said = gm('run')
    if (!said.includes(`REUSED=${models} `)) throw new Error(`not all is reused:\n${said}`)
    const pair = await compare({
      ours: { argv: [...GM, 'run'], cwd: folder },
      floor: {
        argv: ['bash', '-c', `"$0" -e 0 && "$@"`, process.execPath, ...psqlArgv('-c', 'select 1')],
      },
      rounds: 7,
    })
    return [
      {
        name: `run ${models} models, nothing to do`,
        floorName: 'node -e 0, then psql -c "select 1"',
        pair,
        target: 'wall < 1 s',
        isMet: pair.ours.wallSeconds < 1,
      },
    ]
  })
}
