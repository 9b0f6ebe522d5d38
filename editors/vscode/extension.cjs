// Starts `gm lsp` for the project that is open, and ends it with the window.
const { existsSync } = require('node:fs')
const { join } = require('node:path')
const vscode = require('vscode')
const { LanguageClient } = require('vscode-languageclient/node')

let client

/** The gm to start: the one that is set, that of the project, or the one on the PATH. */
function gmCommand(root) {
  const given = vscode.workspace.getConfiguration('gm').get('command')
  if (given) return given
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'gm.cmd' : 'gm')
  return existsSync(own) ? own : 'gm'
}

exports.activate = async () => {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath
  if (root === undefined) return
  const isWindows = process.platform === 'win32'
  const server = {
    command: gmCommand(root),
    args: ['lsp'],
    // Windows starts a .cmd through its shell only.
    options: { cwd: root, shell: isWindows },
  }
  client = new LanguageClient('gm', 'gm', server, {
    documentSelector: [
      { scheme: 'file', language: 'sql' },
      { scheme: 'file', language: 'jinja-sql' },
      { scheme: 'file', language: 'yaml' },
    ],
    synchronize: {
      fileEvents: vscode.workspace.createFileSystemWatcher('**/*.{sql,yml,yaml,csv}'),
    },
  })
  await client.start()
}

exports.deactivate = () => client?.stop()
