#!/usr/bin/env node
import { packageVersion } from './package-version.ts'
import { start } from './start.ts'

// Answered before anything else is loaded: scripts and editors ask for it all the time.
if (process.argv.length === 3 && /^(--version|-V|-v)$/.test(process.argv[2] ?? '')) {
  process.stdout.write(`${packageVersion()}\n`)
} else {
  void start(process.argv.slice(2))
}
