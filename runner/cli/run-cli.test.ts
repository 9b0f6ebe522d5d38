import { describe, expect, test } from 'vitest'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'
import type { Io } from './io.ts'
import { redact } from './redact.ts'
import { runCli } from './run-cli.ts'

/** Runs a command line in this process and gives what it would have shown. */
function gm(...argv: string[]): ReturnType<typeof gmWith> {
  return gmWith({}, ...argv)
}

async function gmWith(
  given: Partial<Io>,
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io: Io = {
    env: {},
    cwd: '/',
    isTerminal: false,
    colour: false,
    width: () => 80,
    now: () => new Date(0),
    out: (text) => (out += text),
    err: (text) => (err += redact(text)),
    addSecret: () => undefined,
    safe: (text) => redact(text),
    ...given,
  }
  const code = await runCli(argv, io)
  return { code, out, err }
}

describe('a command line that cannot be used', () => {
  test.each([
    [['biuld'], 'GM1010  unknown command biuld\n  hint: Did you mean "build"?\n'],
    [
      ['frobnicate'],
      'GM1010  unknown command frobnicate\n  hint: See `gm --help` for those there are.\n',
    ],
    [['run', '--selct', 'x'], 'GM1010  unknown option --selct\n  hint: Did you mean "--select"?\n'],
    [
      ['run', '--full-refesh'],
      'GM1010  unknown option --full-refesh\n  hint: Did you mean "--full-refresh"?\n',
    ],
    [
      ['ls', '--project-dri', 'x'],
      'GM1010  unknown option --project-dri\n  hint: Did you mean "--project-dir"?\n',
    ],
    [
      ['run', 'fact_sales'],
      'GM1010  gm run cannot use "fact_sales"\n  hint: To choose nodes write `gm run --select fact_sales`.\n',
    ],
    [
      ['run', '-s'],
      'GM1010  --select <selector...> needs a value\n  hint: See `gm run --help` for an example.\n',
    ],
    [
      ['ingest', 'file'],
      'GM1010  gm ingest file needs <topic>\n  hint: See `gm ingest file --help` for an example.\n',
    ],
    [['db', 'strat'], 'GM1010  unknown command strat\n  hint: Did you mean "start"?\n'],
    [
      ['run', '--threads', 'many'],
      'GM1010  --threads is a whole number from 1 to 64, not "many"\n  hint: The command with --help shows what --threads takes.\n',
    ],
    [
      ['schema', 'projcet'],
      'GM1010  there is no schema projcet\n  hint: Did you mean "project"?\n',
    ],
  ])('gm %j says so on stderr, nothing on stdout, and exits with 2', async (argv, screen) => {
    expect(await gm(...argv)).toEqual({ code: 2, out: '', err: screen })
  })

  test('With --log-format json the error is one object a line', async () => {
    const { err } = await gm('run', '--log-format', 'json', '--threads', '0', '--lock', 'no')
    const lines = err.trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { code: string }).code)).toEqual([
      'GM1010',
      'GM1010',
    ])
  })

  test('With GM_LOG_FORMAT=json it is one too, and so is a bug of gm with its stack', async () => {
    const env = { GM_LOG_FORMAT: 'json' }
    expect(JSON.parse((await gmWith({ env }, 'biuld')).err)).toMatchObject({ code: 'GM1010' })
    const out = (): void => {
      throw new TypeError('out of paper')
    }
    const { err } = await gmWith({ env, out }, '--version')
    expect(JSON.parse(err)).toMatchObject({ type: 'bug', message: 'out of paper' })
    expect((JSON.parse(err) as { stack: string }).stack).toContain('TypeError: out of paper\n')
  })

  test('Where there is no project, every command that needs one says where it looked', async () => {
    const { code, err } = await gm('ls')
    expect(code).toBe(2)
    expect(err).toContain('GM1001  no project.yml in / or above')
    expect(err).toContain('hint: ')
  })
})

describe('help', () => {
  test('gm --help shows every command and fits one screen', async () => {
    const { code, out } = await gm('--help')
    expect(code).toBe(0)
    for (const { name } of COMMANDS) expect(out).toContain(`\n  ${name} `)
    const lines = out.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(46)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test('gm alone shows the same help and exits with 2, because nothing was run', async () => {
    const { code, out } = await gm()
    expect(code).toBe(2)
    expect(out).toBe((await gm('--help')).out)
  })

  test.each(COMMANDS.filter((spec) => spec.children === undefined).map((spec) => spec.name))(
    'gm %s --help shows how it is used, exits with 0 and runs nothing',
    async (name) => {
      const { code, out, err } = await gm(name, '--help')
      expect({ code, err }).toEqual({ code: 0, err: '' })
      expect(out).toMatch(new RegExp(`^Usage: gm ${name}[ |]`))
      expect(out).toContain('Examples:\n  gm ')
    },
  )

  test('The examples of the help are command lines that gm understands', () => {
    const specs = COMMANDS.flatMap((spec) => [spec, ...(spec.children ?? [])])
    const examples = specs.flatMap((spec) => (spec.examples ?? []).map(([line]) => line))
    expect(examples.length).toBeGreaterThan(10)
    for (const line of examples.filter((text) => text.startsWith('gm '))) {
      const words = (line.replace(/ >.*/, '').match(/"[^"]*"|\S+/g) ?? []).slice(1)
      const [first, second] = words
      const top = COMMANDS.find((spec) => spec.name === first)
      const spec = top?.children?.find((child) => child.name === second) ?? top
      const known = [...GLOBAL_OPTIONS, ...(spec?.options ?? [])].map((option) => option.flags)
      for (const word of words.filter((one) => /^--?[a-z]/.test(one))) {
        expect(
          known.some((flags) => flags.split(/[ ,]+/).includes(word)),
          `${line}: ${word}`,
        ).toBe(true)
      }
    }
  })
})
