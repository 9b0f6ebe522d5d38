/** What `gm` and `gm-ingest` load, once they know that they are needed. */
export { provideImport } from '../base/import-module.ts'
export { processIo } from './io.ts'
export { runCli } from './run-cli.ts'
