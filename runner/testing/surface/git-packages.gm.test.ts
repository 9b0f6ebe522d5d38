import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { gm } from '../gm.ts'
import { test as base } from '../sql-fixture.ts'

const SECRET = 's3cret-pass'

interface Repository {
  readonly url: string
  /** Commits a macro that gives this number, with a tag where one is named; gives the commit. */
  release(number: number, tag?: string): string
  git(...args: readonly string[]): string
}

const test = base.extend<{ repository: Repository }>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of the pattern
  repository: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'gm-git-'))
    const bare = join(folder, 'tools.git')
    const work = join(folder, 'work')
    const run = (args: readonly string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
    run(['init', '--quiet', '--bare', '--initial-branch=main', bare])
    run(['clone', '--quiet', bare, work])
    const git = (...args: readonly string[]): string =>
      run(['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@shop.example', ...args])
    git('checkout', '--quiet', '-B', 'main')
    await use({
      url: pathToFileURL(bare).href,
      git,
      release: (number, tag) => {
        write(work, 'packages/tools/dbt_project.yml', 'name: tools\n')
        write(
          work,
          'packages/tools/macros/release.sql',
          `{% macro release() %}${number}{% endmacro %}`,
        )
        git('add', '.')
        git('commit', '--quiet', '--message', `Release ${number}`)
        if (tag !== undefined) git('tag', tag)
        git('push', '--quiet', '--tags', 'origin', 'HEAD')
        return git('rev-parse', 'HEAD')
      },
    })
    rmSync(folder, { recursive: true, force: true })
  },
})

function write(root: string, file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function packages(url: string, revision?: string): string {
  const asked = revision === undefined ? '' : `\n    revision: "${revision}"`
  return `packages:\n  - git: "${url}"${asked}\n    subdirectory: packages/tools\n`
}

/** What is installed, as a macro's text says it, and the commit that the lock file names. */
function installed(root: string): { readonly release: number; readonly commit: unknown } {
  const macro = readFileSync(join(root, 'dbt_packages/tools/macros/release.sql'), 'utf8')
  const lock = parse(readFileSync(join(root, 'package-lock.yml'), 'utf8')) as {
    readonly packages: readonly { readonly revision: unknown }[]
  }
  return { release: Number(/\d+/.exec(macro)?.[0]), commit: lock.packages[0]?.revision }
}

test('a git package is installed at its tag, branch or commit, and without a revision at the default branch', async ({
  project,
  repository,
}) => {
  const first = repository.release(1, 'v1')
  const second = repository.release(2)
  repository.git('checkout', '--quiet', '-b', 'next')
  const third = repository.release(3)
  const root = await project({})
  for (const [revision, release, commit] of [
    ['v1', 1, first],
    ['next', 3, third],
    [second, 2, second],
    [first.slice(0, 12), 1, first],
    [undefined, 2, second],
  ] as const) {
    write(root, 'packages.yml', packages(repository.url, revision))
    const { stdout } = await gm(root, ['deps'])
    expect(stdout).toContain('1 package installed in dbt_packages: tools.')
    expect(installed(root), String(revision)).toEqual({ release, commit })
  }
  // Nothing of git's own stays, the address of the repository in its settings among it.
  expect(existsSync(join(root, 'dbt_packages/tools/.git'))).toBe(false)
  await gm(root, ['parse'])
})

test('a branch that went on is installed as the lock file has it, until --upgrade or another revision is asked for', async ({
  project,
  repository,
}) => {
  const first = repository.release(1)
  const root = await project({ 'packages.yml': packages(repository.url, 'main') })
  await gm(root, ['deps'])
  const second = repository.release(2, 'v2')
  rmSync(join(root, 'dbt_packages'), { recursive: true })
  await gm(root, ['deps'])
  expect(installed(root)).toEqual({ release: 1, commit: first })

  write(root, 'packages.yml', packages(repository.url, 'v2'))
  await gm(root, ['deps'])
  expect(installed(root)).toEqual({ release: 2, commit: second })

  write(root, 'packages.yml', packages(repository.url, 'main'))
  await gm(root, ['deps'])
  const third = repository.release(3)
  await gm(root, ['deps', '--upgrade'])
  expect(installed(root)).toEqual({ release: 3, commit: third })
})

test('a commit of the lock file that is gone from the repository is said, with the way on', async ({
  project,
  repository,
}) => {
  repository.release(1)
  const root = await project({ 'packages.yml': packages(repository.url, 'main') })
  await gm(root, ['deps'])
  const lock = readFileSync(join(root, 'package-lock.yml'), 'utf8')
  const gone = 'deadbeef'.repeat(5)
  write(root, 'package-lock.yml', lock.replace(/(\brevision: )\w+/, `$1${gone}`))
  const { stderr } = await gm(root, ['deps'], {}, 2)
  expect(stderr).toContain(`has no commit "${gone}" any more, which package-lock.yml asks for`)
  expect(stderr).toContain('Run `gm deps --upgrade`')
})

test('a revision that is nowhere, and an option in its place, are refused where they stand', async ({
  project,
  repository,
}) => {
  repository.release(1)
  for (const revision of ['v9', '--help']) {
    const root = await project({ 'packages.yml': packages(repository.url, revision) })
    const { stderr } = await gm(root, ['deps'], {}, 2)
    expect(stderr).toContain('packages.yml:2:5  GM1013')
    expect(stderr).toContain(`has no branch, tag or commit "${revision}"`)
    expect(existsSync(join(root, 'package-lock.yml'))).toBe(false)
  }
})

test.for([
  ['written into packages.yml', `ada:${SECRET}`],
  ['taken from the environment', "ada:{{ env_var('GIT_PASSWORD') }}"],
  ['in the form of a token', SECRET],
] as const)(
  'a password of an address, %s, is neither shown nor in the lock file, be it right or not',
  async ([, user], { project, repository }) => {
    repository.release(1)
    const root = await project({ 'packages.yml': packages(`http://${user}@127.0.0.1:1/tools.git`) })
    const env = { GIT_PASSWORD: SECRET }
    const refused = await gm(root, ['deps'], env, 2)
    expect(refused.stderr).toContain('@127.0.0.1:1/tools.git" cannot be fetched')

    // git takes this address for the folder's; gm does not know.
    const sent = {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: `url.${repository.url}.insteadOf`,
      GIT_CONFIG_VALUE_0: `http://${user.replace(/\{\{.*\}\}/, SECRET)}@127.0.0.1:1/tools.git`,
    }
    const first = await gm(root, ['deps'], { ...env, ...sent })
    const { commit } = installed(root)
    repository.release(2)
    const second = await gm(root, ['deps'], { ...env, ...sent })
    expect(installed(root)).toEqual({ release: 1, commit })
    const lock = readFileSync(join(root, 'package-lock.yml'), 'utf8')
    expect(lock).toContain('@127.0.0.1:1/tools.git')
    const said = [refused, first, second].map(({ stdout, stderr }) => stdout + stderr)
    expect([...said, lock].join('\n')).not.toContain(SECRET)
  },
)
