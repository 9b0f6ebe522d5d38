import type { Manifest, NodeId } from '../manifest/node.ts'
import type { ByteStore } from '../parse/byte-store.ts'
import { readKept, writeKept } from '../parse/kept-value.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { lateLineMap } from '../template/line-map.ts'
import type { CompilableNode } from './compile-node.ts'
import { compileNode } from './compile-node.ts'
import { keepsMarks } from './compile-scope.ts'
import type { Compiled, CompileState } from './compiled.ts'

/** To be raised whenever the same project compiles to something else. */
const FORMAT = 1

/** Its line map is made when it is asked for: by an error, which most runs have none of. */
type Stored = Pick<Compiled, 'sql' | 'inputs' | 'fingerprint'>

/** What the nodes of one state of a project compile to, kept from run to run. */
export interface KeptCompiled {
  /**
   * As compileNode; from what is kept where the SQL depends on the project alone.
   * @param templates asked for where something is rendered.
   */
  compile(
    node: CompilableNode,
    manifest: Manifest,
    project: Project,
    templates: () => Templates,
    state: CompileState,
  ): Compiled
  /** Writes what was compiled, when any of it was not kept before. */
  close(): void
}

/** The project's state that what is kept is of. */
export interface KeptFor {
  /** A hash of all that it is made of: its files, its configuration, variables, the environment, gm. */
  readonly fingerprint: string
  readonly manifest: Manifest
  readonly project: Project
}

/**
 * Keeps the SQL of nodes that compile to the same in every run of an unchanged project. Not those that ask the database, say
 * something, read the run's time or id, or have another SQL for what is new; and nothing of a run that goes over another
 * manifest or project than the given one (other names to defer to, shadows, another time) or over a part of the rows.
 */
export function keptCompiled(store: ByteStore, of: KeptFor): KeptCompiled {
  const key = `${FORMAT} ${of.fingerprint}`
  let known: Map<NodeId, Stored> | undefined
  let hasMore = false
  return {
    compile(node, manifest, project, templates, state) {
      const compile = (): Compiled => compileNode(node, manifest, project, templates(), state)
      const isKnowable = manifest === of.manifest && project === of.project
      if (!isKnowable || !isSettled(node, project, state)) return compile()
      known ??=
        (readKept(store, key) as Map<NodeId, Stored> | undefined) ?? new Map<NodeId, Stored>()
      const stored = known.get(node.id)
      if (stored !== undefined) return restored(node.id, stored, compile)
      const watched = watch(state)
      const compiled = compileNode(node, manifest, project, templates(), watched.state)
      if (watched.isPure()) {
        const { sql, inputs, fingerprint } = compiled
        known.set(node.id, { sql, inputs, fingerprint })
        hasMore = true
      }
      return compiled
    },
    close() {
      if (hasMore) writeKept(store, key, known)
      hasMore = false
    },
  }
}

/** Whether a node's SQL can be the same in every run. */
function isSettled(node: CompilableNode, project: Project, state: CompileState): boolean {
  return (
    node.kind !== 'unit_test' &&
    !keepsMarks(node) &&
    state.vars === project.vars &&
    state.isFullRefresh !== true &&
    state.isEmpty !== true &&
    state.isPart !== true &&
    state.window === undefined &&
    state.batch === undefined
  )
}

function restored(id: NodeId, stored: Stored, compile: () => Compiled): Compiled {
  return { id, ...stored, recomputed: [], lines: lateLineMap(() => compile().lines) }
}

/** The state with an ear at all that lets a template depend on more than the project. */
function watch(state: CompileState): { state: CompileState; isPure: () => boolean } {
  let isPure = true
  const heard = <Args extends readonly unknown[], T>(work: (...args: Args) => T) => {
    return (...args: Args): T => {
      isPure = false
      return work(...args)
    }
  }
  return {
    isPure: () => isPure,
    state: {
      ...state,
      changes: heard((...args) => state.changes(...args)),
      changedKeys: heard((...args) => state.changedKeys(...args)),
      onMomentary: heard(() => undefined),
      say: heard((said) => state.say?.(said)),
      ...(state.runQuery !== undefined && { runQuery: heard(state.runQuery) }),
    },
  }
}
