import { hash, randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { GmError } from '../base/error.ts'
import type { Invocation } from '../docs/artifacts/artifact-metadata.ts'
import type { RunResult } from '../run/event.ts'
import { cachedText } from './cached-text.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import type { OpenProject } from './open-project.ts'
import { packageVersion } from './package-version.ts'
import { projectSelectors } from './project-selectors.ts'
import { warn } from './warn.ts'

/** One command's artifacts: written after its work, so that nobody waits for them. */
export interface Artifacts {
  readonly invocation: Invocation
  /** Writes target/manifest.json; one that says the same already is left as it is, with the time and id it has. */
  manifest(compiledCode?: ReadonlyMap<string, string>): Promise<void>
  /** Writes target/manifest.json with what was compiled, and target/run_results.json. */
  run(result: RunResult, compiledCode: ReadonlyMap<string, string>): Promise<void>
  /** Writes any other artifact below the target folder. */
  other(name: string, value: object): Promise<void>
}

/**
 * What a command writes below the project's target folder; nothing with `--no-write-json`. A file that cannot be
 * written is a warning: the work itself is done.
 *
 * @param which the command's name, for the arguments in run_results.json.
 */
export function artifactsOf(
  which: string,
  opened: OpenProject,
  flags: GlobalFlags,
  io: Io,
  startedAt: Date = io.now(),
): Artifacts {
  const { project } = opened
  const ids = { id: randomUUID(), startedAt, version: packageVersion() }
  const fileOf = (name: string): string => resolve(project.root, project.paths.target, name)
  const write = async (name: string, valueOf: () => Promise<object>): Promise<boolean> => {
    if (!flags.writeJson) return false
    const { writeArtifact } = await import('../docs/artifacts/write-artifact.ts')
    try {
      writeArtifact(fileOf(name), await valueOf())
      return true
    } catch (error) {
      if (!(error instanceof GmError) || error.code !== 'GM6001') throw error
      warn([error], project.root, flags, io)
      return false
    }
  }
  const manifest = async (
    invocation: Invocation,
    compiledCode: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> => {
    const file = fileOf('manifest.json')
    const selectors = [...projectSelectors(project.root)].map(
      ([name, { description, written }]) => [name, { name, description, definition: written }],
    )
    const content = hash(
      'sha256',
      JSON.stringify([opened.fingerprint, selectors, [...compiledCode]]),
    )
    const store = cachedText(project.root, 'manifest.json')
    const isThere = opened.fingerprint !== undefined && store.read() === stampOf(file, content)
    if (isThere || !flags.writeJson) return
    const isWritten = await write('manifest.json', async () => {
      const { manifestArtifact } = await import('../docs/artifacts/manifest-artifact.ts')
      return manifestArtifact({
        ...opened,
        invocation,
        now: io.now(),
        compiledCode,
        selectors: Object.fromEntries(selectors) as Readonly<Record<string, unknown>>,
      })
    })
    if (isWritten) store.write(stampOf(file, content))
  }
  return {
    invocation: ids,
    manifest: (compiledCode) => manifest(ids, compiledCode),
    run: async (result, compiledCode) => {
      // The ledger knows the run by this id: artifacts and tables can be joined.
      const invocation = { ...ids, id: result.runId, startedAt: result.startedAt }
      await manifest(invocation, compiledCode)
      await write('run_results.json', async () => {
        // Values of variables stay out: they may hold what belongs in no file.
        const given = Object.entries(flags).filter(([flag]) => flag !== 'vars')
        const { runResultsArtifact } = await import('../docs/artifacts/run-results-artifact.ts')
        return runResultsArtifact({
          project,
          manifest: opened.manifest,
          result,
          invocation,
          now: io.now(),
          args: { which, ...Object.fromEntries(given) },
          compiledCode,
          safe: io.safe,
        })
      })
    },
    other: async (name, value) => {
      await write(name, () => Promise.resolve(value))
    },
  }
}

/** Which content a file has, and how the disk describes it: of a file that anybody touched, another stamp. */
function stampOf(file: string, content: string): string {
  const found = statSync(file, { throwIfNoEntry: false })
  const disk = found === undefined ? [] : [found.size, found.mtimeMs, found.ctimeMs, found.ino]
  return [file, content, ...disk].join('\n')
}
