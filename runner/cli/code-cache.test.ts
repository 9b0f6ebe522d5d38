import {
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openCodeCache } from './code-cache.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gm code ')))
  write('answer.cjs', ONE, 1)
  write('start.cjs', 'exports.answer = require("./answer.cjs").answer', 1)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Of one length, for V8 takes code for that of a text as long as the one it came from. */
const ONE = 'exports.answer = () => 1'
const TWO = 'exports.answer = () => 2'

function write(name: string, text: string, modified: number): void {
  writeFileSync(join(folder, name), text)
  utimesSync(join(folder, name), modified, modified)
}

/** As a process of its own would: Node keeps what it has loaded. */
function run(): { readonly answer: number; readonly keep: (command: string) => void } {
  const { cache } = createRequire(import.meta.url)
  for (const name of ['answer.cjs', 'start.cjs']) Reflect.deleteProperty(cache, join(folder, name))
  const { load, keep } = openCodeCache(folder)
  const { answer } = load('start.cjs') as { answer: () => number }
  return { answer: answer(), keep }
}

test('what a command has compiled is loaded by the next one, and not the text', () => {
  run().keep('run')
  write('answer.cjs', TWO, 1)
  expect(run().answer).toBe(1)
})

test('a file that has changed since is compiled anew', () => {
  run().keep('run')
  write('answer.cjs', TWO, 2)
  const { answer, keep } = run()
  expect(answer).toBe(2)
  keep('run')
  expect(run().answer).toBe(2)
})

test('another command, or another day, adds what it has compiled', () => {
  run().keep('run')
  const kept = join(folder, readdirSync(folder).find((name) => name.endsWith('.bin')) ?? '')
  const written = (command: string): boolean => {
    const before = statSync(kept).ino
    run().keep(command)
    return statSync(kept).ino !== before
  }
  expect(written('run')).toBe(false)
  expect(written('test')).toBe(true)
  expect(written('run')).toBe(false)
  utimesSync(kept, 1, 1)
  expect(written('run')).toBe(true)
})

test('what another gm has written in a way of its own is left alone', () => {
  run().keep('run')
  const [kept = ''] = readdirSync(folder).filter((name) => name.endsWith('.bin'))
  for (const other of [null, 1, { commands: ['run'] }, { commands: ['run'], files: {} }]) {
    writeFileSync(join(folder, kept), serialize(other))
    expect(run().answer).toBe(1)
  }
})

test('the draft of a command that was killed while it wrote goes, and that of one at work stays', () => {
  run().keep('run')
  const [kept = ''] = readdirSync(folder).filter((name) => name.endsWith('.bin'))
  write(`${kept}.1`, 'left', 1)
  write(`${kept}.2`, 'at work', Date.now() / 1000)
  run().keep('test')
  expect(readdirSync(folder).filter((name) => name.startsWith(kept))).toEqual([kept, `${kept}.2`])
})

test('what is damaged is left alone, and replaced', () => {
  run().keep('run')
  const [kept = ''] = readdirSync(folder).filter((name) => name.endsWith('.bin'))
  write(kept, 'torn', 1)
  const { answer, keep } = run()
  expect(answer).toBe(1)
  keep('run')
  expect(statSync(join(folder, kept)).size).toBeGreaterThan(100)
  expect(readdirSync(folder)).toHaveLength(3)
})
