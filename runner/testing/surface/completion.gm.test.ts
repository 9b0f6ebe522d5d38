import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { beforeAll, describe, expect } from 'vitest'
import { gm, REPOSITORY } from '../gm.ts'
import { installPackages } from '../install-packages.ts'
import { test } from '../sql-fixture.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof SHELLS)[number]

const PROJECT = {
  'project.yml':
    'name: shop\ntarget: dev\ntargets:\n  dev: {type: embedded}\n  production: {type: embedded}\njobs: {nightly: tag:daily}\n',
  'selectors.yml': 'selectors: [{name: hourly, definition: stg_orders}]\n',
  'models/fact_sales.sql': "{{ config(tags=['daily']) }} select 1 as id\n",
  'models/stg_orders.sql': 'select 1 as id\n',
}

/** What stands on the line, and the words that the shell then offers. */
const LINES: Readonly<Record<string, readonly string[]>> = {
  'gm run --select fac': ['fact_sales'],
  'gm ru': ['run', 'run-operation'],
  'gm --log-f': ['--log-format'],
  'gm build --select stg_orders fac': ['fact_sales'],
  'gm build --select tag:da': ['tag:daily'],
  'gm build --select +fac': ['+fact_sales'],
  'gm build --select stg_orders,fac': ['stg_orders,fact_sales'],
  'gm build --resource-type sna': ['snapshot'],
  'gm run --target pro': ['production'],
  'gm run --job nig': ['nightly'],
  'gm ls --selector ho': ['hourly'],
}

const isThere = (shell: Shell): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, shell)))

/** A shell asks a program of the name gm, as an installed one is found. */
function withGm(root: string): { readonly cwd: string; readonly env: Record<string, string> } {
  const bin = join(root, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(
    join(bin, 'gm'),
    `#!/bin/sh\nexec '${process.execPath}' '${REPOSITORY}/dist/gm.cjs' "$@"\n`,
    { mode: 0o755 },
  )
  const path = `${bin}${delimiter}${process.env['PATH'] ?? ''}`
  return { cwd: root, env: { HOME: root, PATH: path, TERM: 'dumb' } }
}

/** Calls what the script has registered for gm as readline does, and prints what it gives. */
const ASK_BASH = `source ./script
[[ $(complete -p gm) =~ -F\\ ([^ ]+) ]]
for COMP_LINE in "$@"; do
  COMP_POINT=\${#COMP_LINE} COMPREPLY=()
  \${BASH_REMATCH[1]} gm
  echo "\${COMPREPLY[*]}"
done`

const ASK_FISH = `source ./script
for line in $argv
  set -l words (complete -C $line | string replace -r '\\t.*' '')
  echo "$words"
end`

/**
 * A zsh at a terminal of its own, whose keys are pressed: a tab, then one that writes the line and the list below it
 * to a file, then one that clears the line.
 */
const ASK_ZSH = `zmodload zsh/zpty
zpty keys zsh -f -i
zpty -w keys 'PROMPT="at> "; autoload -U compinit; compinit -u -D; source ./script
  tell() { print -r -- "$BUFFER" >> lines; print to""ld }
  zle -N tell; bindkey "^Xt" tell; echo rea""dy'
zpty -r -m keys seen '*ready*at> '
for line in "$@"; do
  zpty -w -n keys "$line"$'\\t\\x18t'
  zpty -r -m keys seen '*told*'
  zpty -w -n keys $'\\x15'
done
zpty -d keys
cat lines`

describe('the completion of a shell', () => {
  let missing: readonly Shell[] = []
  beforeAll(() => {
    missing = SHELLS.filter((shell) => !isThere(shell))
    if (missing.length > 0 && installPackages(...missing)) missing = []
    if (missing.length > 0 && (process.env['CI'] ?? '') !== '')
      throw new Error(`no completion tests without ${missing.join(' and ')}`)
  }, 180_000)

  test('bash offers commands, flags and the names of the project, and runs nothing of the line', async ({
    project,
    skip,
  }) => {
    if (missing.includes('bash')) skip('no bash here')
    const root = await project(PROJECT)
    writeFileSync(join(root, 'script'), (await gm(root, ['completion', 'bash'])).stdout)
    const trap = 'gm build --vars $(touch trapped) --select fac'
    const lines = [...Object.keys(LINES), trap]
    const said = execFileSync('bash', ['--norc', '-c', ASK_BASH, 'bash', ...lines], withGm(root))
    // Readline replaces only what follows a colon.
    const offered = Object.values(LINES).map((words) => words.join(' ').replace(/^tag:/, ''))
    expect(said.toString().trimEnd().split('\n')).toEqual([...offered, 'fact_sales'])
    expect(existsSync(join(root, 'trapped'))).toBe(false)
  })

  test('zsh puts the only word that fits on the line, and else as much as all have in common', async ({
    project,
    skip,
  }) => {
    if (missing.includes('zsh')) skip('no zsh here')
    const root = await project(PROJECT)
    writeFileSync(join(root, 'script'), (await gm(root, ['completion', 'zsh'])).stdout)
    const said = execFileSync(
      'zsh',
      ['-f', '-c', ASK_ZSH, 'zsh', ...Object.keys(LINES)],
      withGm(root),
    )
    const completed = Object.entries(LINES).map(([line, [first = '', ...others]]) => {
      const kept = line.slice(0, line.lastIndexOf(' ') + 1)
      return others.length > 0 ? `${kept}${first}` : `${kept}${first} `
    })
    expect(said.toString().split('\n').slice(0, -1)).toEqual(completed)
  })

  test('fish offers commands, flags and the names of the project', async ({ project, skip }) => {
    if (missing.includes('fish')) skip('no fish here')
    const root = await project(PROJECT)
    writeFileSync(join(root, 'script'), (await gm(root, ['completion', 'fish'])).stdout)
    const said = execFileSync(
      'fish',
      ['--no-config', '-c', ASK_FISH, ...Object.keys(LINES)],
      withGm(root),
    )
    expect(said.toString().trimEnd().split('\n')).toEqual(
      Object.values(LINES).map((words) => words.join(' ')),
    )
  })
})
