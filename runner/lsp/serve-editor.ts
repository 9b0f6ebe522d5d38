import { join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type {
  Connection,
  Location as EditorLocation,
  Hover,
  InitializeResult,
  Range,
  RenameParams,
  TextDocumentPositionParams,
  WorkspaceEdit,
} from 'vscode-languageserver'
import {
  LSPErrorCodes,
  MarkupKind,
  MessageType,
  ResponseError,
  ShowMessageNotification,
  TextDocumentSyncKind,
  TextDocuments,
} from 'vscode-languageserver'
import { createConnection } from 'vscode-languageserver/node'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { gmErrorsOf } from '../base/error.ts'
import { formatLocation } from '../base/location.ts'
import type { NodeId } from '../manifest/node.ts'
import type { ColumnLineage } from '../sql/column-lineage.ts'
import type { ParseSql } from '../sql/parse-sql.ts'
import { checkRename } from './check-rename.ts'
import type { ColumnAt } from './column-at.ts'
import { columnAt } from './column-at.ts'
import { complete } from './complete.ts'
import { meaningAt, placeOf } from './define.ts'
import { describeColumn, describeNode } from './describe.ts'
import { offsetOf, positionOf, rangeOf } from './places.ts'
import type { ProjectOpener, ProjectView } from './project-view.ts'
import type { Obstacle } from './rename-column.ts'
import { renameColumn, whyNot } from './rename-column.ts'
import { symbolsOf } from './symbols.ts'
import type { KnownProject, Workspace } from './workspace.ts'
import { openWorkspace } from './workspace.ts'
import { yamlKeys } from './yaml-keys.ts'

/** How long typing must pause before the query that is being typed is looked at. */
const DRAFT_PAUSE_MS = 50
/** How long before the whole project is read again, where that query is all that has changed; seconds of work in a large one. */
const QUIET_MS = 1_000
/** The same for everything else: properties, macros, other files. */
const PAUSE_MS = 150

export interface EditorRequest {
  readonly input: NodeJS.ReadableStream
  readonly output: NodeJS.WritableStream
  /** The project of a folder that the editor has opened. @throws GmError GM1001 where there is none. */
  readonly openProject: (folder: string | undefined) => ProjectOpener
  readonly loadParser: () => Promise<ParseSql>
  /** A file on disk by its absolute path; undefined where it cannot be read. */
  readonly readText: (path: string) => string | undefined
}

/** Serves one editor over the Language Server Protocol until it leaves. */
export async function serveEditor(request: EditorRequest): Promise<void> {
  const connection = createConnection(request.input, request.output)
  const documents = new TextDocuments(TextDocument)
  let session: Session | undefined
  connection.onInitialize(({ workspaceFolders }): InitializeResult => {
    const [first] = workspaceFolders ?? []
    const folder = first === undefined ? undefined : fileURLToPath(first.uri)
    session = openSession(request, connection, documents, folder)
    return {
      serverInfo: { name: 'gm' },
      capabilities: {
        textDocumentSync: TextDocumentSyncKind.Incremental,
        completionProvider: { triggerCharacters: ["'", '"', '.', '{', ' '] },
        definitionProvider: true,
        hoverProvider: true,
        renameProvider: { prepareProvider: true },
        documentSymbolProvider: true,
      },
    }
  })
  connection.onInitialized(() => session?.changed(0))
  documents.onDidChangeContent(({ document }) => session?.typed(document.uri))
  documents.onDidClose(() => session?.changed(PAUSE_MS))
  connection.onDidChangeWatchedFiles(() => session?.changed(PAUSE_MS))
  connection.onCompletion((params) => session?.completion(params) ?? [])
  connection.onDefinition((params) => session?.definition(params) ?? null)
  connection.onHover((params) => session?.hover(params) ?? null)
  connection.onPrepareRename((params) => session?.prepareRename(params) ?? null)
  connection.onRenameRequest((params) => session?.rename(params) ?? null)
  connection.onDocumentSymbol(({ textDocument }) => session?.symbols(textDocument.uri) ?? [])
  documents.listen(connection)
  const ended = new Promise<void>((resolve) => {
    connection.onShutdown(() => session?.stop())
    connection.onExit(resolve)
    request.input.on('end', resolve)
  })
  connection.listen()
  await ended
}

interface Session {
  readonly changed: (pauseMs: number) => void
  /** The text of a document is another. */
  readonly typed: (uri: string) => void
  readonly completion: (params: TextDocumentPositionParams) => Promise<ReturnType<typeof complete>>
  readonly definition: (params: TextDocumentPositionParams) => Promise<EditorLocation | null>
  readonly hover: (params: TextDocumentPositionParams) => Promise<Hover | null>
  readonly prepareRename: (params: TextDocumentPositionParams) => Promise<Range>
  readonly rename: (params: RenameParams) => Promise<WorkspaceEdit>
  readonly symbols: (uri: string) => Promise<ReturnType<typeof symbolsOf>>
  readonly stop: () => void
}

function openSession(
  request: EditorRequest,
  connection: Connection,
  documents: TextDocuments<TextDocument>,
  folder: string | undefined,
): Session {
  const texts = new Map<string, string>()
  let opened: { readonly opener: ProjectOpener; readonly workspace: Workspace } | undefined
  /** The check that is under way, or the last one: answers wait for it. */
  let checked: Promise<void> = Promise.resolve()
  let timer: ReturnType<typeof setTimeout> | undefined

  const project = (): NonNullable<typeof opened> => {
    if (opened !== undefined) return opened
    const opener = request.openProject(folder)
    const readText = (file: string): string | undefined => request.readText(join(opener.root, file))
    opened = { opener, workspace: openWorkspace(opener, texts, request.loadParser, readText) }
    return opened
  }
  const fileOf = (uri: string): string =>
    relative(project().opener.root, fileURLToPath(uri)).split(sep).join('/')
  const uriOf = (file: string): string => pathToFileURL(join(project().opener.root, file)).href

  const complain = (thrown: unknown): void => {
    const errors = gmErrorsOf(thrown)
    connection.console.error(errors === undefined ? String(thrown) : errors.join('\n'))
  }
  const check = async (): Promise<void> => {
    try {
      texts.clear()
      for (const document of documents.all()) {
        if (document.uri.startsWith('file:')) texts.set(fileOf(document.uri), document.getText())
      }
      for (const [file, diagnostics] of await project().workspace.check()) {
        await connection.sendDiagnostics({ uri: uriOf(file), diagnostics: [...diagnostics] })
      }
    } catch (thrown) {
      complain(thrown)
    }
  }
  const changed = (pauseMs: number): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      timer = undefined
      checked = checked.then(check)
    }, pauseMs)
  }
  /** What is typed in one query leaves the rest of the project as it was: its answers need not wait for a new reading. */
  let isDraft = false
  let draftTimer: ReturnType<typeof setTimeout> | undefined
  const checkDraft = async (uri: string): Promise<void> => {
    const text = documents.get(uri)?.getText()
    if (text === undefined) return
    const diagnostics = await project().workspace.checkDraft(fileOf(uri), text)
    if (diagnostics !== undefined) {
      await connection.sendDiagnostics({ uri, diagnostics: [...diagnostics] })
    } else if (timer !== undefined) {
      isDraft = false
      changed(0)
    }
  }
  const typed = (uri: string): void => {
    const isQuery = uri.endsWith('.sql') && opened?.workspace.nodeIn(fileOf(uri)) !== undefined
    isDraft = isQuery && (timer === undefined || isDraft)
    changed(isDraft ? QUIET_MS : PAUSE_MS)
    if (!isDraft) return
    clearTimeout(draftTimer)
    draftTimer = setTimeout(() => {
      checked = checked.then(() => checkDraft(uri)).catch(complain)
    }, DRAFT_PAUSE_MS)
  }
  /** The project as last read where that is good enough, for a query that is being typed; else as `current`. */
  const ready = async (): Promise<KnownProject | undefined> => {
    const known = isDraft ? opened?.workspace.known() : undefined
    return known ?? (await current())
  }
  /** With the project as last read, when it could be read at all; a change that has not been looked at yet is. */
  const current = async (): Promise<KnownProject | undefined> => {
    if (timer !== undefined) {
      clearTimeout(timer)
      timer = undefined
      checked = checked.then(check)
    }
    await checked
    const view = opened?.workspace.view()
    return view === undefined ? undefined : { view, lineage: await view.lineage() }
  }
  const at = ({
    textDocument,
    position,
  }: TextDocumentPositionParams): {
    readonly text: string
    readonly offset: number
    readonly file: string
  } => {
    const text = documents.get(textDocument.uri)?.getText() ?? ''
    return { text, offset: offsetOf(text, position), file: fileOf(textDocument.uri) }
  }

  /** The column under the cursor. @throws ResponseError: why none can be renamed here */
  const renamable = async (
    params: TextDocumentPositionParams,
  ): Promise<
    ColumnAt & { readonly parse: ParseSql } & NonNullable<Awaited<ReturnType<typeof current>>>
  > => {
    const known = await current()
    if (known === undefined || !project().workspace.isWhole()) {
      throw refused([{ message: 'the project has errors; they come first' }])
    }
    const { text, offset, file } = at(params)
    const parse = await request.loadParser()
    const found = columnAt(text, file, offset, known.view, known.lineage, parse)
    if ('problem' in found) throw refused([{ message: found.problem }])
    const why = whyNot(found.column, known.view, known.lineage)
    if (why !== undefined) throw refused([why])
    return { ...found, ...known, parse }
  }
  const textOf = (file: string): string | undefined =>
    texts.get(file) ?? request.readText(join(project().opener.root, file))

  return {
    changed: (pauseMs) => {
      isDraft = false
      changed(pauseMs)
    },
    typed,
    stop: () => {
      clearTimeout(timer)
      clearTimeout(draftTimer)
    },
    completion: async (params) => {
      const { text, offset, file } = at(params)
      if (/\.ya?ml$/.test(file)) {
        const name = file === 'project.yml' ? 'project' : 'properties'
        return yamlKeys(text, params.position, await project().opener.schema(name))
      }
      // Names are worth having at once: of a project just read before the last keystroke, rather than seconds later.
      const known = project().workspace.known() ?? (await current())
      if (known === undefined) return []
      const node = project().workspace.nodeIn(file)
      return complete(text, offset, node, known.view.manifest, known.lineage)
    },
    definition: async (params) => {
      const known = await ready()
      if (known === undefined) return null
      const { text, offset, file } = at(params)
      const { view, lineage } = known
      const own = project().workspace.nodeIn(file)
      const meaning = meaningAt(text, offset, own, view.manifest, lineage)
      if (meaning === undefined) return null
      const place = placeOf(meaning, view, lineage)
      const start = positionOf(
        texts.get(place.file) ?? request.readText(join(project().opener.root, place.file)),
        place,
      )
      return { uri: uriOf(place.file), range: { start, end: start } }
    },
    hover: async (params) => {
      const known = await ready()
      if (known === undefined) return null
      const { text, offset, file } = at(params)
      const { view, lineage } = known
      const own = project().workspace.nodeIn(file)
      const meaning = meaningAt(text, offset, own, view.manifest, lineage)
      if (meaning === undefined) return null
      const value = explain(meaning, view, lineage)
      return value === undefined ? null : { contents: { kind: MarkupKind.Markdown, value } }
    },
    prepareRename: async (params) => {
      const { at: place } = await renamable(params)
      return rangeOf(at(params).text, place)
    },
    rename: async (params) => {
      const { column, view, lineage, parse } = await renamable(params)
      const found = renameColumn(column, params.newName, view, lineage, parse, textOf)
      if ('obstacles' in found) throw refused(found.obstacles)
      const { opener } = project()
      const known = { view, lineage }
      const obstacles = await checkRename(found, known, opener, texts, textOf, parse)
      if (obstacles.length > 0) throw refused(obstacles)
      const readers = exposuresOf(
        found.renamed.map(({ node }) => node),
        view,
      )
      if (readers.length > 0) {
        // gm cannot see which columns they read: nothing in the project breaks, so this is for the user to look at.
        await connection.sendNotification(ShowMessageNotification.type, {
          type: MessageType.Warning,
          message: `"${column.column}" has a new name. Look at what reads it outside of the project: ${readers.join(', ')}.`,
        })
      }
      const changes = [...found.changes].map(([file, all]) => {
        const text = textOf(file) ?? ''
        const edits = all.map((one) => ({ range: rangeOf(text, one), newText: one.text }))
        return [uriOf(file), edits] as const
      })
      return { changes: Object.fromEntries(changes) }
    },
    symbols: async (uri) => {
      const known = await ready()
      const text = documents.get(uri)?.getText()
      if (known === undefined || text === undefined) return []
      return symbolsOf(fileOf(uri), text, known.view, known.lineage)
    },
  }
}

function refused(obstacles: readonly Obstacle[]): ResponseError {
  const lines = obstacles.map(({ message, at }) =>
    at === undefined ? message : `${formatLocation(at)}  ${message}`,
  )
  return new ResponseError(LSPErrorCodes.RequestFailed, ['Cannot rename here', ...lines].join('\n'))
}

function exposuresOf(ids: readonly NodeId[], { manifest }: ProjectView): readonly string[] {
  return [...manifest.nodes.values()]
    .filter((node) => node.kind === 'exposure' && node.dependsOn.some((id) => ids.includes(id)))
    .map(({ name }) => `exposure ${name}`)
}

function explain(
  meaning: NonNullable<ReturnType<typeof meaningAt>>,
  view: ProjectView,
  lineage: ColumnLineage,
): string | undefined {
  switch (meaning.kind) {
    case 'macro':
      return [`**${meaning.name}** · macro`, meaning.description].filter(Boolean).join('\n\n')
    case 'column':
      return describeColumn(meaning.node, meaning.column, view.manifest, lineage)
    case 'node': {
      const { node } = meaning
      const sql = 'rawCode' in node ? view.compile(node).sql : undefined
      return describeNode(node, view.manifest, lineage, sql)
    }
  }
}
