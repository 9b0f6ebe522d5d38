import { expect, test } from 'vitest'
import { hidePassword } from './hide-password.ts'

test.each([
  ['https://ada:s3cret@git.example/x.git', 'https://ada:***@git.example/x.git'],
  ['https://ada:p@ss:word@git.example/x.git', 'https://ada:***@git.example/x.git'],
  ['https://:s3cret@git.example/x', 'https://:***@git.example/x'],
  ['https://t0ken@git.example/x', 'https://***@git.example/x'],
  [
    "'postgres://a:b@c/d' and 'postgres://e:f@g/h'",
    "'postgres://a:***@c/d' and 'postgres://e:***@g/h'",
  ],
])('of %s the password or token is hidden', (text, hidden) => {
  expect(hidePassword(text)).toBe(hidden)
})

test.each([
  'https://git.example/x.git',
  'https://git.example:8443/people/@ada',
  'ssh://git@git.example:22/x.git',
  'git@git.example:x.git',
  "https://{{ env_var('GIT_TOKEN') }}@git.example/x.git",
])('%s has none and stays', (text) => {
  expect(hidePassword(text)).toBe(text)
})
