import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { buildGraph } from '../../graph/build-graph.ts'
import type { ProjectOpener } from '../../lsp/project-view.ts'
import { serveEditor } from '../../lsp/serve-editor.ts'
import { diskFiles, sourceText } from '../../parse/disk-files.ts'
import { parseProject } from '../../parse/parse-project.ts'
import type { SourceFiles } from '../../parse/source-files.ts'
import type { TextStore } from '../../parse/text-store.ts'
import { loadSqlParser } from '../../sql/parse-sql.ts'
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
  const parsed = kept(cachedText(root, 'parse.json'))
  const lineages = kept(cachedText(root, 'lineage.json'))
  return {
    root: resolve(root),
    open: (texts) => {
      const project = loadSettings(flags, io)
      const { manifest, templates, warnings } = parseProject(project, {
        files: withTexts(diskFiles(root), texts),
        version: gmBuild(),
        cache: parsed,
      })
      const graph = buildGraph(manifest)
      const opened: OpenProject = { project, manifest, templates, graph, order: graph.order }
      let lineage: ReturnType<typeof projectLineage> | undefined
      return {
        manifest,
        warnings,
        compile: (node) => compileWhole(node, opened),
        compileUpdate: (node) => compileUpdate(node, opened),
        lineage: () => (lineage ??= projectLineage(opened, { cache: lineages })),
      }
    },
    schema: async (name) => (await import('../../parse/json-schema.ts')).jsonSchema(name),
  }
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

/** A cache that begins with what is on disk and goes on in memory: what is half typed is of no use to other commands. */
function kept(store: TextStore): TextStore {
  let text = store.read()
  return {
    read: () => text,
    write: (next) => {
      text = next
    },
  }
}
