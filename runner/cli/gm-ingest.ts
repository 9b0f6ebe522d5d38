#!/usr/bin/env node
// `gm-ingest` is `gm ingest kafka` under a name of its own, for process supervisors.
const { start } = await import('./start.ts')
await start(['ingest', 'kafka', ...process.argv.slice(2)])
