import { expect, test } from 'vitest'
import { sqlErrorOf } from '../sql-error.ts'
import { explainError } from './explain-error.ts'

const connection = {
  host: 'db.example.org',
  port: 5432,
  user: 'etl',
  database: 'shop',
  sslmode: 'prefer',
} as const

const server = (code: string, message: string, more: object = {}): Error =>
  Object.assign(new Error(message), { code, severity: 'ERROR', ...more })
const network = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code })

test.for([
  [network('ECONNREFUSED'), 'GM4002', /gm db start/],
  [network('ENOTFOUND'), 'GM4002', /host name/],
  [new Error('timeout expired'), 'GM4002', /firewall/],
  [network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'GM4002', /sslrootcert/],
  [server('28P01', 'password authentication failed'), 'GM4003', /password/],
  [server('3D000', 'database "shop" does not exist'), 'GM4002', /create database "shop"/],
] as const)('while connecting, %s is %s', ([error, code, hint]) => {
  const explained = explainError(error, { connection, isConnecting: true })
  expect(explained.code).toBe(code)
  expect(explained.message).toContain('db.example.org:5432')
  expect(explained.hint).toMatch(hint)
})

test.for([
  [network('ECONNRESET'), 'GM4004'],
  [network('EPIPE'), 'GM4004'],
  [server('57P01', 'terminating connection'), 'GM4004'],
  [server('53100', 'could not extend file'), 'GM4005'],
  [server('42501', 'permission denied'), 'GM4013'],
  [server('55P03', 'lock timeout'), 'GM4011'],
  [server('57014', 'canceling statement due to statement timeout'), 'GM4014'],
  [server('25P04', 'terminating connection due to transaction timeout'), 'GM4014'],
  [server('23505', 'duplicate key'), 'GM4009'],
  [server('42P01', 'relation does not exist'), 'GM4001'],
] as const)('while running, %s is %s', ([error, code]) => {
  expect(explainError(error, { connection }).code).toBe(code)
})

test('a role that the login may not take on is no missing privilege, and one that it has is named for those', () => {
  const asReporter = { ...connection, options: { role: 'reporter' } }
  for (const error of [
    server('22023', 'role "reporter" does not exist'),
    server('42501', 'permission denied to set role "reporter"'),
  ]) {
    expect(explainError(error, { connection: asReporter, isConnecting: true })).toMatchObject({
      code: 'GM4003',
      hint: 'Create the role and grant it to "etl", or set another role: in the target.',
    })
  }
  expect(explainError(server('42501', 'no'), { connection: asReporter }).hint).toContain(
    '"reporter"',
  )
})

test('the server’s detail and hint are kept', () => {
  const error = server('42703', 'column "amout" does not exist', {
    detail: 'There is a column named "amount".',
    hint: 'Perhaps you meant "amount".',
  })
  expect(explainError(error, { connection })).toMatchObject({
    message: 'column "amout" does not exist\nThere is a column named "amount".',
    hint: 'Perhaps you meant "amount".',
  })
})

test('the position is counted from the statement and not from the text that was sent', () => {
  const statement = { purpose: 'build', sql: 'select x' }
  const error = server('42703', 'no x', { position: '48' })
  const explained = explainError(error, { connection, statement, offset: 40 })
  expect(sqlErrorOf(explained)).toEqual({ sqlState: '42703', offset: 7, statement })
})

test('a GmError is kept as it is', () => {
  const explained = explainError(network('EPIPE'), { connection })
  expect(explainError(explained, { connection })).toBe(explained)
})

test('a mistake of the program is thrown again and not blamed on the database', () => {
  const bug = new TypeError('x is not a function')
  expect(() => explainError(bug, { connection })).toThrow(bug)
})
