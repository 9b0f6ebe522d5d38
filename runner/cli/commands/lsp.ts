import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildGraph } from '../../graph/build-graph.ts'
import type { ProjectOpener, ProjectView } from '../../lsp/project-view.ts'
import { serveEditor } from '../../lsp/serve-editor.ts'
import { checkDraftConfig } from '../../parse/check-draft-config.ts'
import { diskFiles, sourceText } from '../../parse/disk-files.ts'
import { fingerprintFiles } from '../../parse/fingerprint-files.ts'
import { parseProject } from '../../parse/parse-project.ts'
import { readFiles } from '../../parse/read-files.ts'
import type { RememberedFiles } from '../../parse/remembered-files.ts'
import { rememberedFiles } from '../../parse/remembered-files.ts'
import type { SourceFiles } from '../../parse/source-files.ts'
import type { TextStore } from '../../parse/text-store.ts'
import { loadSqlParser } from '../../sql/parse-sql.ts'
import { cachedBytes } from '../cached-bytes.ts'
import { cachedText } from '../cached-text.ts'
import type { CommandAction } from '../command-spec.ts'
import { compileUpdate, compileWhole } from '../compile-whole.ts'
import { EXIT } from '../exit-code.ts'
import { GlobalFlags, parseFlags } from '../flags.ts'
import { gmBuild } from '../gm-build.ts'
import type { Io } from '../io.ts'
import { loadSettings } from '../load-settings.ts'
import type { OpenProject } from '../open-project.ts'
import { projectLineage } from '../project-lineage.ts'

/** Serves an editor over stdin and stdout by the Language Server Protocol. */
export const lspCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(GlobalFlags, raw)
  await serveEditor({
    input: process.stdin,
    output: process.stdout,
    openProject: (folder) => openerFor(flags, folder === undefined ? io : { ...io, cwd: folder }),
    loadParser: loadSqlParser,
    readText: (path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return undefined
      }
    },
  })
  return EXIT.ok
}

function openerFor(flags: GlobalFlags, io: Io): ProjectOpener {
  const { root } = loadSettings(flags, io)
  const parsed = inMemory(cachedText(root, 'parse.json'))
  const lineages = inMemory(cachedText(root, 'lineage.json'))
  const filesFrom = (
    disk: SourceFiles,
    texts: ReadonlyMap<string, string>,
    isSaved: boolean,
  ): SourceFiles & Partial<Pick<RememberedFiles, 'close'>> => {
    if (!isSaved) return withTexts(disk, texts)
    const stores = { files: cachedText(root, 'files.json'), texts: cachedText(root, 'texts.json') }
    return rememberedFiles(disk, stores, Date.now())
  }
  let last: { readonly fingerprint: string; readonly view: ProjectView } | undefined
  return {
    root: resolve(root),
    open: (texts) => {
      const project = loadSettings(flags, io)
      const disk = diskFiles(root)
      const isSaved = [...texts].every(([file, text]) => isOnDisk(disk, file, text))
      const version = gmBuild()
      if (last !== undefined) {
        const found = readFiles([project, ...project.packages], filesFrom(disk, texts, isSaved))
        // An editor tells of much that changes nothing, such as a file that it opens.
        if (last.fingerprint === fingerprintFiles(project, found, version)) return last.view
      }
      const files = filesFrom(disk, texts, isSaved)
      const { manifest, templates, warnings, fingerprint } = parseProject(project, {
        files,
        version,
        cache: parsed(isSaved),
        ...(isSaved && { kept: cachedBytes(root, 'project.bin') }),
      })
      files.close?.()
      const graph = buildGraph(manifest)
      const opened: OpenProject = { project, manifest, templates, graph, order: graph.order }
      let lineage: ReturnType<typeof projectLineage> | undefined
      const view: ProjectView = {
        manifest,
        warnings,
        compile: (node) => compileWhole(node, opened),
        compileUpdate: (node) => compileUpdate(node, opened),
        checkConfig: (node) => {
          checkDraftConfig(node, project, templates)
        },
        lineage: () => (lineage ??= projectLineage(opened, { cache: lineages(isSaved) })),
      }
      last = { fingerprint, view }
      return view
    },
    schema: async (name) => (await import('../../parse/json-schema.ts')).jsonSchema(name),
  }
}

function isOnDisk(disk: SourceFiles, file: string, text: string): boolean {
  return disk.stamp(file) !== undefined && disk.hash(file) === sourceText(text).checksum
}

/** The files of a project with other texts for some of them, or more files. */
function withTexts(disk: SourceFiles, texts: ReadonlyMap<string, string>): SourceFiles {
  return {
    list: (folder) => {
      const more = [...texts.keys()].filter((file) => file.startsWith(`${folder}/`))
      return [...new Set([...disk.list(folder), ...more])]
    },
    read: (file) => {
      const text = texts.get(file)
      return text === undefined ? disk.read(file) : sourceText(text)
    },
    hash: (file) => {
      const text = texts.get(file)
      return text === undefined ? disk.hash(file) : sourceText(text).checksum
    },
    stamp: (file) => (texts.has(file) ? undefined : disk.stamp(file)),
  }
}

/** A cache that begins with what is on disk and goes on in memory. Other commands get what was read from saved files alone. */
function inMemory(store: TextStore): (isSaved: boolean) => TextStore {
  let text: string | undefined
  let isRead = false
  return (isSaved) => ({
    read: () => {
      if (!isRead) text = store.read()
      isRead = true
      return text
    },
    write: (next) => {
      text = next
      isRead = true
      if (isSaved) store.write(next)
    },
  })
}
