#!/usr/bin/env node
// `gm-ingest` is `gm ingest kafka` under a name of its own, for process supervisors.
const { runCli } = await import('./run-cli.ts')
const { processIo } = await import('./io.ts')
process.exit(await runCli(['ingest', 'kafka', ...process.argv.slice(2)], processIo(process.argv)))
