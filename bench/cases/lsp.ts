import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CompletionItem } from 'vscode-languageserver-protocol'
import type { EditorClient } from '../../runner/testing/editor-client.ts'
import { openEditor } from '../../runner/testing/editor-client.ts'
import type { Case, Finding } from '../finding.ts'
import { timed } from '../finding.ts'
import { generateProject, writeProject } from '../generate-project.ts'
import { sizeFrom } from '../in-project.ts'
import { inScratch } from '../scratch.ts'

const MODELS = sizeFrom('GM_BENCH_LSP_MODELS', 1_000)
const ROUNDS = 10
const LONGEST_WAIT_MS = 60_000
/** Longer than an editor's server waits before it reads the whole project again. */
const REST_MS = 3_000

/** Somebody types in one model of a large project: when does the editor show what is wrong, and what can be written? */
export const lsp: Case = async () =>
  await inScratch(async (folder) => {
    writeProject(folder, generateProject({ models: MODELS, seed: 1 }))
    const file = `models/layer_5/model_${String(Math.floor(MODELS * 0.55)).padStart(5, '0')}.sql`
    const text = readFileSync(join(folder, file), 'utf8')
    const editor = await openEditor(folder)
    const answered = await first(editor, file, text)
    const diagnostics: number[] = []
    const completions: number[] = []
    for (let i = 0; i < ROUNDS; i++) {
      diagnostics.push(
        await mistake(editor, file, text.replace('left_side.id', `left_side.no_${i}`), `no_${i}`),
      )
      diagnostics.push(
        await mistake(editor, file, text.replace("ref('", `ref('no_${i}`), `no_${i}`),
      )
      diagnostics.push(await mistake(editor, file, `${text}\nselect wrong_${i}`, 'syntax error'))
      completions.push(await columns(editor, file, text))
      // The project is read again while nobody types.
      if (i === ROUNDS >> 1) await new Promise((resolve) => setTimeout(resolve, REST_MS))
    }
    await editor.close()
    return [
      {
        ...timed(`lsp, ${MODELS} models: the first answer, nothing cached`, [answered], 10),
        target: 'none',
      },
      timed(`lsp, ${MODELS} models: a mistake shows after typing`, diagnostics, 0.3),
      timed(`lsp, ${MODELS} models: columns are offered after a dot`, completions, 0.1),
    ] satisfies Finding[]
  })

async function first(editor: EditorClient, file: string, text: string): Promise<number> {
  const began = performance.now()
  await editor.type(file, text)
  await editor.connection.sendRequest('textDocument/documentSymbol', {
    textDocument: { uri: editor.uri(file) },
  })
  return (performance.now() - began) / 1000
}

async function mistake(
  editor: EditorClient,
  file: string,
  text: string,
  word: string,
): Promise<number> {
  const began = performance.now()
  await editor.type(file, text)
  await within(
    editor.diagnostics(file, (all) =>
      all.some(({ message }) =>
        (typeof message === 'string' ? message : message.value).includes(word),
      ),
    ),
  )
  return (performance.now() - began) / 1000
}

async function columns(editor: EditorClient, file: string, text: string): Promise<number> {
  const lines = text.split('\n')
  const line = lines.findIndex((one) => one.startsWith('select left_side.id'))
  const began = performance.now()
  await editor.type(file, text.replace('select left_side.id', 'select left_side.'))
  const items = await within(
    editor.connection.sendRequest<CompletionItem[]>('textDocument/completion', {
      textDocument: { uri: editor.uri(file) },
      position: { line, character: 'select left_side.'.length },
    }),
  )
  if (items.length === 0) throw new Error('no columns are offered')
  return (performance.now() - began) / 1000
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${LONGEST_WAIT_MS} ms`))
    }, LONGEST_WAIT_MS)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
