import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from './gm.ts'

/** vitest globalSetup: what tests start as `gm` is the built command, so it is built when the source is newer. */
export default function buildGm(): void {
  const built = join(REPOSITORY, 'dist/gm.cjs')
  const builtAt = existsSync(built) ? statSync(built).mtimeMs : 0
  const changedAt = Math.max(
    ...['runner', 'ingest'].flatMap((folder) => sourceTimes(join(REPOSITORY, folder))),
  )
  if (changedAt <= builtAt) return
  // Without the type declarations, which take ten times as long and no test reads.
  for (const script of ['runner/cli/bundle.mjs', 'runner/docs/site/build.mjs']) {
    execFileSync(process.execPath, [script], { cwd: REPOSITORY, stdio: 'inherit' })
  }
}

function sourceTimes(folder: string): number[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(
      (entry) =>
        entry.isFile() && /\.(tsx?|css)$/.test(entry.name) && !entry.name.endsWith('.test.ts'),
    )
    .map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs)
}
