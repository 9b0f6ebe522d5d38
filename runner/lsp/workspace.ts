import type { Diagnostic } from 'vscode-languageserver'
import { DiagnosticSeverity } from 'vscode-languageserver'
import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Node } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { isSyntaxError } from '../sql/parse-sql.ts'
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

  const diagnose = async (): Promise<readonly [Location, Diagnostic][]> => {
    const marks: [Location, Diagnostic][] = []
    const add = (
      at: Location,
      message: string,
      severity: DiagnosticSeverity,
      code?: string,
    ): void => {
      const text = texts.get(at.file) ?? readText(at.file)
      const range = rangeAt(text, at)
      marks.push([
        at,
        { range, message, severity, source: 'gm', ...(code !== undefined && { code }) },
      ])
    }
    const addError = (error: GmError, severity: DiagnosticSeverity): void => {
      const { at = { file: 'project.yml', line: 1, column: 1 }, message, hint, code } = error
      add(at, hint === undefined ? message : `${message}\n${hint}`, severity, code)
    }
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
      try {
        const { sql, lines } = view.compile(node)
        const parsed = parse(sql)
        if (isSyntaxError(parsed)) {
          const { message, offset } = parsed
          const at = offset === undefined ? undefined : lines?.locate(offset)
          add(at ?? node.at, message, DiagnosticSeverity.Error, 'GM4001')
          continue
        }
      } catch (thrown) {
        const errors = gmErrorsOf(thrown)
        if (errors === undefined) throw thrown
        for (const error of errors) addError(error, DiagnosticSeverity.Error)
        continue
      }
      for (const { message, at } of lineage.nodes.get(node.id)?.problems ?? []) {
        add(at ?? node.at, message, DiagnosticSeverity.Warning)
      }
    }
    return marks
  }

  return {
    view: () => view,
    known: () => known,
    isWhole: () => isWhole,
    nodeIn,
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
