import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

function gm(...argv: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', MAIN, ...argv], { encoding: 'utf8' })
}

test('gm --version prints the version of package.json and nothing else', () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  expect(gm('--version')).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' })
})

test('gm with an unknown command exits with 2 and speaks on stderr only', () => {
  expect(gm('biuld')).toMatchObject({ status: 2, stdout: '' })
})

test('gm whose reader goes away after the first line does not fail', () => {
  const line = `"${process.execPath}" --import tsx "${MAIN}" schema properties | head -n 1`
  expect(execFileSync('sh', ['-c', line], { encoding: 'utf8' })).toBe('{\n')
})
