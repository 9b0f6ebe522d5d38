#!/usr/bin/env node
import { packageVersion } from './package-version.ts'

// Answered before anything else is loaded: scripts and editors ask for it all the time.
if (process.argv.length === 3 && /^(--version|-V|-v)$/.test(process.argv[2] ?? '')) {
  process.stdout.write(`${packageVersion()}\n`)
} else {
  const { start } = await import('./start.ts')
  await start(process.argv.slice(2))
}
