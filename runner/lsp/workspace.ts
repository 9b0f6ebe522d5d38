import type { Diagnostic } from 'vscode-languageserver'
import { DiagnosticSeverity } from 'vscode-languageserver'
import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { AnalysisNode, ModelNode, Node } from '../manifest/node.ts'
import type { ColumnLineage, LineageProblem } from '../sql/column-lineage.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'
import { statementColumns } from '../sql/statement-columns.ts'
import type { LineMap } from '../template/template.ts'
import { lineageCatalog } from './node-names.ts'
import { rangeAt } from './places.ts'
import type { ProjectOpener, ProjectView } from './project-view.ts'

/** A state of the project with the lineage of its columns. */
export interface KnownProject {
  readonly view: ProjectView
  readonly lineage: ColumnLineage
}

/** A project as it is being edited. */
export interface Workspace {
  /** The last state of the project without errors; undefined until there is one. */
  readonly view: () => ProjectView | undefined
  /** The last state that was read to its end: what can be answered from at once, while a newer text is read. */
  readonly known: () => KnownProject | undefined
  /** Whether the last texts could be read, so that `view` is about them. */
  readonly isWhole: () => boolean
  /** The node whose text a file holds; of several, the first. */
  readonly nodeIn: (file: string) => Node | undefined
  /**
   * Reads the project again and gives what is wrong, by file. Files that had something wrong before are among them
   * with nothing.
   */
  readonly check: () => Promise<ReadonlyMap<string, readonly Diagnostic[]>>
  /**
   * What is wrong with one query that is being typed, against the project as last read: its template, its refs, its
   * syntax, the columns that it names, and what its `config()` gives. Costs as much as the query, not as the project. What
   * others make of it is for `check`. Undefined where the file is no single query of the project.
   */
  readonly checkDraft: (file: string, text: string) => Promise<readonly Diagnostic[] | undefined>
}

/** Collects what is wrong, with its places. */
interface Marker {
  readonly marks: (readonly [Location, Diagnostic])[]
  readonly add: (at: Location, message: string, severity: DiagnosticSeverity, code?: string) => void
  readonly addError: (error: GmError, severity: DiagnosticSeverity) => void
}

function openMarker(textOf: (file: string) => string | undefined): Marker {
  const marks: (readonly [Location, Diagnostic])[] = []
  const add: Marker['add'] = (at, message, severity, code) => {
    const isKnown = marks.some(
      ([known, { message: said }]) => isSame(known, at) && said === message,
    )
    if (isKnown) return
    const range = rangeAt(textOf(at.file), at)
    marks.push([
      at,
      { range, message, severity, source: 'gm', ...(code !== undefined && { code }) },
    ])
  }
  return {
    marks,
    add,
    addError: (error, severity) => {
      const { at = { file: 'project.yml', line: 1, column: 1 }, message, hint, code } = error
      add(at, hint === undefined ? message : `${message}\n${hint}`, severity, code)
    },
  }
}

function isSame(a: Location, b: Location): boolean {
  return a.file === b.file && a.line === b.line && a.column === b.column
}

/** Says what is wrong with one query: what it does not compile for, else its syntax, else its columns. */
function checkNode(
  node: Node,
  view: ProjectView,
  parse: ParseSql,
  { add, addError }: Marker,
  problemsOf: (sql: string, lines: LineMap | undefined) => readonly LineageProblem[],
): void {
  try {
    const { sql, lines } = view.compile(node)
    const parsed = parse(sql)
    if (isSyntaxError(parsed)) {
      const { message, offset } = parsed
      const at = offset === undefined ? undefined : lines?.locate(offset)
      add(at ?? node.at, message, DiagnosticSeverity.Error, 'GM4001')
      return
    }
    for (const { message, at } of problemsOf(sql, lines)) {
      add(at ?? node.at, message, DiagnosticSeverity.Warning)
    }
  } catch (thrown) {
    const errors = gmErrorsOf(thrown)
    if (errors === undefined) throw thrown
    for (const error of errors) addError(error, DiagnosticSeverity.Error)
  }
}

/** The node of a file that holds one query and nothing else, with the text that is being typed; it may read every node. */
function draftOf(
  file: string,
  text: string,
  { manifest }: ProjectView,
): ModelNode | AnalysisNode | undefined {
  const all = [...manifest.nodes.values()].filter(
    (node) => 'rawCode' in node && node.at.file === file,
  )
  const [node] = all
  if (all.length !== 1 || node === undefined || !file.endsWith('.sql')) return undefined
  // Snapshots stand in blocks of their file, and tests from YAML have no text of their own.
  if (node.kind !== 'model' && node.kind !== 'analysis') return undefined
  return { ...node, rawCode: text, dependsOn: [...manifest.nodes.keys()] }
}

/**
 * @param texts the texts that stand in the editor, by path from the root
 * @param readText a file of the project on disk, for the places of errors in files that are not open
 */
export function openWorkspace(
  opener: ProjectOpener,
  texts: ReadonlyMap<string, string>,
  loadParser: () => Promise<ParseSql>,
  readText: (file: string) => string | undefined,
): Workspace {
  let view: ProjectView | undefined
  let known: KnownProject | undefined
  let isWhole = false
  let marked = new Set<string>()
  const nodeIn = (file: string): Node | undefined =>
    [...(view?.manifest.nodes.values() ?? [])].find(
      (node) => 'rawCode' in node && node.at.file === file,
    )

  const saved = (): ProjectView | undefined => {
    try {
      return opener.open(new Map())
    } catch (thrown) {
      if (gmErrorsOf(thrown) === undefined) throw thrown
      return undefined
    }
  }

  const diagnose = async (): Promise<Marker['marks']> => {
    const marker = openMarker((file) => texts.get(file) ?? readText(file))
    const { marks, addError } = marker
    isWhole = false
    try {
      view = opener.open(texts)
      isWhole = true
    } catch (thrown) {
      const errors = gmErrorsOf(thrown)
      if (errors === undefined) throw thrown
      for (const error of errors) addError(error, DiagnosticSeverity.Error)
      // Opened in the middle of a change: what was saved serves until it parses.
      view ??= saved()
      return marks
    }
    for (const warning of view.warnings) addError(warning, DiagnosticSeverity.Warning)
    const parse = await loadParser()
    const lineage = await view.lineage()
    known = { view, lineage }
    for (const node of view.manifest.nodes.values()) {
      if (!('rawCode' in node) || !texts.has(node.at.file)) continue
      checkNode(node, view, parse, marker, () => lineage.nodes.get(node.id)?.problems ?? [])
    }
    return marks
  }

  const checkDraft = async (
    file: string,
    text: string,
  ): Promise<readonly Diagnostic[] | undefined> => {
    if (known === undefined) return undefined
    const { view: last, lineage } = known
    const node = draftOf(file, text, last)
    if (node === undefined) return undefined
    const parse = await loadParser()
    const marker = openMarker((of) => (of === file ? text : (texts.get(of) ?? readText(of))))
    checkNode(node, last, parse, marker, (sql, lines) => {
      const { problems, openStars } = statementColumns(parse(sql), lineageCatalog(last, lineage))
      return [...problems, ...openStars].map(({ message, offset }) => {
        const at = offset === undefined ? undefined : lines?.locate(offset)
        return { message, ...(at !== undefined && { at }) }
      })
    })
    try {
      last.checkConfig(node)
    } catch (thrown) {
      const errors = gmErrorsOf(thrown)
      if (errors === undefined) throw thrown
      // What is wrong with the template is among what it does not compile for.
      for (const error of errors) marker.addError(error, DiagnosticSeverity.Error)
    }
    for (const warning of last.warnings) {
      if (warning.at?.file === file) marker.addError(warning, DiagnosticSeverity.Warning)
    }
    // What is wrong with a macro that it uses is for the reading of the whole project to say.
    const own = marker.marks.filter(([at]) => at.file === file).map(([, diagnostic]) => diagnostic)
    if (own.length > 0) marked.add(file)
    return own
  }

  return {
    view: () => view,
    known: () => known,
    isWhole: () => isWhole,
    nodeIn,
    checkDraft,
    check: async () => {
      const found = new Map<string, Diagnostic[]>([...marked].map((file) => [file, []]))
      for (const [{ file }, diagnostic] of await diagnose()) {
        found.set(file, [...(found.get(file) ?? []), diagnostic])
      }
      marked = new Set([...found].filter(([, all]) => all.length > 0).map(([file]) => file))
      return found
    },
  }
}
