#!/usr/bin/env node
import { packageVersion } from './package-version.ts'

// Answered before anything else is loaded: scripts and editors ask for it all the time.
if (process.argv.length === 3 && /^(--version|-V|-v)$/.test(process.argv[2] ?? '')) {
  process.stdout.write(`${packageVersion()}\n`)
} else {
  const { runCli } = await import('./run-cli.ts')
  const { processIo } = await import('./io.ts')
  const code = await runCli(process.argv.slice(2), processIo(process.argv))
  // Pipes on some systems are written in the background; nothing may be lost by leaving early.
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise((resolve) => void stream.write('', resolve)),
    ),
  )
  process.exit(code)
}
