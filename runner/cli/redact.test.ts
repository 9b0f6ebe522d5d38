import { expect, test } from 'vitest'
import fc from '../testing/fast-check.ts'
import { redact } from './redact.ts'

test('A connection URL loses its password and keeps what helps to find the server', () => {
  expect(redact('cannot reach postgresql://gm:s3cr3t@db.example:5432/gm?sslmode=require')).toBe(
    'cannot reach postgresql://gm:***@db.example:5432/gm?sslmode=require',
  )
})

test('A password with an @ in it does not leave its second half', () => {
  expect(redact('postgres://gm:a@b@host/x')).toBe('postgres://gm:***@host/x')
})

test("libpq's words lose their password, quoted or not", () => {
  expect(redact(`host=a password=abc user=b`)).toBe('host=a password=*** user=b')
  expect(redact(`password='a b' user=b`)).toBe('password=*** user=b')
})

test('A message without secrets stays as it is', () => {
  const text = 'password authentication failed for user "gm" at models/a.sql:1:2, see https://a.b/c'
  expect(redact(text)).toBe(text)
})

test('A known secret never shows, wherever it stands and also as it is written in URLs', () => {
  const secret = fc.string({ minLength: 4, maxLength: 20 }).filter((text) => !text.includes('*'))
  fc.assert(
    fc.property(secret, fc.string(), fc.string(), (password, before, after) => {
      const safe = redact(`${before}${password}${after}`, [password])
      expect(safe).not.toContain(password)
    }),
  )
  expect(redact('x a%2Fb%40c y', ['a/b@c'])).toBe('x *** y')
})
