import type { GmError } from '../base/error.ts'
import type { Manifest } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { createTemplates } from '../template/create-templates.ts'
import { BUILT_IN_MACROS } from './built-in-macros.ts'
import type { ByteStore } from './byte-store.ts'
import { fingerprintFiles } from './fingerprint-files.ts'
import { keptManifest } from './kept-manifest.ts'
import type { ParseOptions } from './parse-files.ts'
import { parseFiles } from './parse-files.ts'
import { readFiles } from './read-files.ts'

export interface ProjectOptions extends ParseOptions {
  /** The whole manifest of a project in which nothing has changed. */
  readonly kept?: ByteStore
}

export interface ParseResult {
  readonly manifest: Manifest
  /** The macros of the project and of gm, ready to render; compiling uses the same. */
  readonly templates: Templates
  /** Things that are probably mistakes and stop nothing, in the form of errors. */
  readonly warnings: readonly GmError[]
  /** A hash of all that the manifest is made of. */
  readonly fingerprint: string
}

/**
 * Reads a project's files into a manifest. Needs no database. The result depends on the files and the project alone;
 * the caches only save time.
 * @throws GmError or GmErrors GM1002–GM1009, GM2001–GM2010, GM3003–GM3008, GM7003: all that the files have.
 */
export function parseProject(project: Project, options: ProjectOptions): ParseResult {
  const files = readFiles([project, ...project.packages], options.files)
  const fingerprint = fingerprintFiles(project, files, options.version)
  const kept = options.kept === undefined ? undefined : keptManifest(options.kept, fingerprint)
  const known = kept?.read()
  if (known !== undefined) {
    const { manifest, macroFiles, warnings } = known
    let templates: Templates | undefined
    return {
      manifest,
      // Commands that render nothing need not read the macros.
      get templates() {
        const options = { root: project.name, builtIns: BUILT_IN_MACROS }
        return (templates ??= createTemplates(macroFiles, options))
      },
      warnings: [...project.warnings, ...warnings],
      fingerprint,
    }
  }
  const { templates, hasChanged, ...parsed } = parseFiles(project, files, options)
  // Kept when it is asked for a second time: while a project is being edited it would be written for nothing.
  if (!hasChanged) kept?.write(parsed)
  return {
    manifest: parsed.manifest,
    templates,
    warnings: [...project.warnings, ...parsed.warnings],
    fingerprint,
  }
}
