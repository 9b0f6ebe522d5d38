import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Diagnostic, MessageConnection } from 'vscode-languageserver-protocol/node'
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver-protocol/node'
import { REPOSITORY } from './gm.ts'

/** An editor that has opened a project, over the protocol's own client library. */
export interface EditorClient {
  readonly connection: MessageConnection
  readonly uri: (file: string) => string
  /** Opens a file with a text, or gives an open one another text. */
  readonly type: (file: string, text: string) => Promise<void>
  /** The next diagnostics of a file that fit. */
  readonly diagnostics: (
    file: string,
    fits: (all: readonly Diagnostic[]) => boolean,
  ) => Promise<readonly Diagnostic[]>
  readonly close: () => Promise<number | null>
}

/** Starts the built `gm lsp` in a folder and greets it. */
export async function openEditor(
  root: string,
  env: Readonly<Record<string, string>> = {},
): Promise<EditorClient> {
  const child = spawn(process.execPath, [join(REPOSITORY, 'dist/gm.cjs'), 'lsp'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  )
  const uri = (file: string): string => pathToFileURL(join(root, file)).href
  const versions = new Map<string, number>()
  const last = new Map<string, readonly Diagnostic[]>()
  const waiting = new Set<() => void>()
  connection.onNotification(
    'textDocument/publishDiagnostics',
    (params: { readonly uri: string; readonly diagnostics: readonly Diagnostic[] }) => {
      last.set(params.uri, params.diagnostics)
      for (const look of waiting) look()
    },
  )
  connection.listen()
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri: null,
    workspaceFolders: [{ uri: pathToFileURL(root).href, name: 'project' }],
    capabilities: {},
  })
  await connection.sendNotification('initialized', {})
  return {
    connection,
    uri,
    type: async (file, text) => {
      const version = (versions.get(file) ?? 0) + 1
      versions.set(file, version)
      if (version === 1) {
        const languageId = file.endsWith('.sql') ? 'sql' : 'yaml'
        const textDocument = { uri: uri(file), languageId, version, text }
        await connection.sendNotification('textDocument/didOpen', { textDocument })
      } else {
        await connection.sendNotification('textDocument/didChange', {
          textDocument: { uri: uri(file), version },
          contentChanges: [{ text }],
        })
      }
    },
    diagnostics: (file, fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = last.get(uri(file))
          if (found === undefined || !fits(found)) return
          waiting.delete(look)
          resolve(found)
        }
        waiting.add(look)
        look()
      }),
    close: async () => {
      await connection.sendRequest('shutdown')
      await connection.sendNotification('exit')
      const status = await ended
      connection.dispose()
      return status
    },
  }
}
