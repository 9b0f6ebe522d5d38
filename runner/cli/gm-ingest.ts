#!/usr/bin/env node
// `gm-ingest` is `gm ingest kafka` under a name of its own, for process supervisors.
import { start } from './start.ts'

void start(['ingest', 'kafka', ...process.argv.slice(2)])
