import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { ensureNavigator } from '../base/ensure-navigator.ts'
import type { CodeCache } from './code-cache.ts'
import { openCodeCache } from './code-cache.ts'
import type * as programsModule from './programs.ts'

type Programs = typeof programsModule

/** The bundle's file of it, written in by the build: named after what it holds, so that code kept for one build is never taken for another's. */
declare const PROGRAMS_FILE: string

/** Runs one command line (without node and the script), and ends the process with its exit code. */
export async function start(argv: readonly string[]): Promise<never> {
  // Most commands live for a second, and V8 would spend a quarter of their CPU on optimising code that is about to end.
  // With ten times its usual patience a parse of 1,000 models takes 0.8 s instead of 1.1, of 10,000 no longer than
  // before; ten times more again slows the latter down. A V8 that does not know the flag leaves it alone.
  setFlagsFromString('--interrupt-budget=600000')
  ensureNavigator()
  const { programs, keep } = await load()
  programs.provideImport((url) => import(url))
  const code = await programs.runCli(argv, programs.processIo(process.argv))
  if (code === 0) keep(argv[0] ?? '')
  // Pipes on some systems are written in the background; nothing may be lost by leaving early.
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise((resolve) => void stream.write('', resolve)),
    ),
  )
  process.exit(code)
}

/** The bundle beside this file, or the source. */
async function load(): Promise<{ readonly programs: Programs; readonly keep: CodeCache['keep'] }> {
  if (import.meta.url.endsWith('.ts')) {
    return { programs: await import('./programs.ts'), keep: () => undefined }
  }
  const cache = openCodeCache(dirname(fileURLToPath(import.meta.url)))
  return { programs: cache.load(PROGRAMS_FILE) as Programs, keep: cache.keep }
}
