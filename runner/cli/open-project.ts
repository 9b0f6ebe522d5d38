import type { KeptFor } from '../compile/kept-compiled.ts'
import { buildGraph } from '../graph/build-graph.ts'
import type { Graph } from '../graph/graph.ts'
import type { Manifest, NodeId } from '../manifest/node.ts'
import { diskFiles } from '../parse/disk-files.ts'
import { parseProject } from '../parse/parse-project.ts'
import { rememberedFiles } from '../parse/remembered-files.ts'
import type { Project } from '../project/project.ts'
import type { ReachOfColumn } from '../select/select-nodes.ts'
import type { Templates } from '../template/create-templates.ts'
import { cachedBytes } from './cached-bytes.ts'
import { cachedText } from './cached-text.ts'
import { gmBuild } from './gm-build.ts'
import type { Io } from './io.ts'
import type { SettingFlags } from './load-settings.ts'
import { loadSettings } from './load-settings.ts'
import { warn } from './warn.ts'

/** A project that has been read: its configuration, its nodes, and the macros that compiling needs. */
export interface OpenProject {
  readonly project: Project
  readonly manifest: Manifest
  readonly templates: Templates
  /** Every node, parents first. */
  readonly order: readonly NodeId[]
  readonly graph: Graph
  /** What the selection method `column:` means; present where a selection uses it. */
  readonly columns?: ReachOfColumn
  /** A hash of all that the manifest is made of; absent where an editor's unsaved texts are among it. */
  readonly fingerprint?: string
  /** What the fingerprint is of, also where a command goes on with another manifest or project. */
  readonly asRead?: KeptFor
}

/**
 * Reads and parses the project that the flags mean. Probable mistakes go to stderr as warnings.
 * @throws GmError or GmErrors GM1… and GM2…: everything that is wrong with its files.
 */
export function openProject(flags: SettingFlags, io: Io): OpenProject {
  const project = loadSettings(flags, io)
  const { root } = project
  const files = rememberedFiles(
    diskFiles(root),
    { files: cachedText(root, 'files.json'), texts: cachedText(root, 'texts.json') },
    Date.now(),
  )
  const parsed = parseProject(project, {
    files,
    version: gmBuild(),
    cache: cachedText(root, 'parse.json'),
    kept: cachedBytes(root, 'project.bin'),
  })
  files.close()
  const { manifest, warnings, fingerprint } = parsed
  const graph = buildGraph(manifest)
  warn(warnings, root, flags, io)
  return {
    project,
    manifest,
    get templates() {
      return parsed.templates
    },
    graph,
    order: graph.order,
    fingerprint,
    asRead: { fingerprint, manifest, project },
  }
}
