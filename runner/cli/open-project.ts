import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Manifest } from '../manifest/node.ts'
import { diskFiles } from '../parse/disk-files.ts'
import type { ParseCache } from '../parse/parse-cache.ts'
import { parseProject } from '../parse/parse-project.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { GlobalFlags } from './flags.ts'
import type { Io } from './io.ts'
import { loadSettings } from './load-settings.ts'
import { packageVersion } from './package-version.ts'
import { readProjectFile } from './read-project-file.ts'
import { renderGmError } from './render/error.ts'
import { styleFor } from './render/style.ts'

/** A project that has been read: its configuration, its nodes, and the macros that compiling needs. */
export interface OpenProject {
  readonly project: Project
  readonly manifest: Manifest
  readonly templates: Templates
}

/**
 * Reads and parses the project that the flags mean. Probable mistakes go to stderr as warnings.
 * @throws GmError or GmErrors GM1… and GM2…: everything that is wrong with its files.
 */
export function openProject(
  flags: GlobalFlags & { readonly threads?: number | undefined },
  io: Io,
): OpenProject {
  const project = loadSettings(flags, io)
  const { manifest, templates, warnings } = parseProject(project, {
    files: diskFiles(project.root),
    version: packageVersion(),
    cache: parseCache(project.root),
  })
  if (!flags.quiet && flags.logFormat === 'text') {
    for (const warning of warnings) {
      const context = {
        style: styleFor(io.colour),
        readText: (file: string) => readProjectFile(project.root, file),
      }
      io.err(`warning: ${renderGmError(warning, context)}\n\n`)
    }
  }
  return { project, manifest, templates }
}

/** The cache of what files say, in `.gm/cache`. It only saves time: what cannot be read or written is left alone. */
function parseCache(root: string): ParseCache {
  const folder = join(root, '.gm', 'cache')
  const file = join(folder, 'parse.json')
  return {
    read: () => {
      try {
        return readFileSync(file, 'utf8')
      } catch {
        return undefined
      }
    },
    write: (text) => {
      try {
        mkdirSync(folder, { recursive: true })
        // Renamed into place, so that another gm never reads half of it.
        const draft = `${file}.${process.pid}`
        writeFileSync(draft, text)
        renameSync(draft, file)
      } catch {
        // A project on a read-only disk parses a little slower.
      }
    },
  }
}
