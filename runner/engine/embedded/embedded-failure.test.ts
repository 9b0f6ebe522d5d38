import { describe, expect, test } from 'vitest'
import { embeddedFailure } from './embedded-failure.ts'

describe('a failure of the embedded server', () => {
  test('quotes the fatal line of the log without its time and process', () => {
    const log = [
      '2026-01-01 00:00:00.000 UTC [7] LOG:  starting PostgreSQL 18.4',
      '2026-01-01 00:00:00.001 UTC [7] FATAL:  could not create any TCP/IP sockets',
      '2026-01-01 00:00:00.002 UTC [7] LOG:  database system is shut down',
    ].join('\n')
    const error = embeddedFailure('PostgreSQL did not start', log, '/p/.gm/postgres.log')
    expect(error.message).toBe('PostgreSQL did not start: could not create any TCP/IP sockets')
    expect(error.hint).toBe('See /p/.gm/postgres.log.')
  })

  test('names the setting that is wrong, where the fatal line does not', () => {
    const log = `2026-01-01 UTC [7] LOG:  invalid value for parameter "work_mem": "much"
2026-01-01 UTC [7] FATAL:  configuration file "/x/postgresql.conf" contains errors`
    expect(embeddedFailure('PostgreSQL did not start', log).message).toBe(
      'PostgreSQL did not start: invalid value for parameter "work_mem": "much"',
    )
  })

  test.for([
    ['FATAL:  could not write lock file "postmaster.pid": No space left on device', 'GM4005'],
    ['ENOSPC: no space left on device, mkdir', 'GM4005'],
    ['EACCES: permission denied, mkdir', 'GM4006'],
  ] as const)('%s is %s', ([output, code]) => {
    expect(embeddedFailure('PostgreSQL did not start', output).code).toBe(code)
  })

  test.for([
    ['FATAL:  data directory "/p" has wrong ownership', 'belongs to another user'],
    ['FATAL:  could not map anonymous shared memory: Cannot allocate memory', 'too little memory'],
    ['spawn /p/bin/initdb ENOENT', 'glibc'],
    ['EROFS: read-only file system, mkdir', 'writable'],
    ['PANIC:  could not locate a valid checkpoint record', 'gm db reset'],
  ] as const)('%s comes with the hint %s', ([output, hint]) => {
    expect(embeddedFailure('PostgreSQL did not start', output).hint).toContain(hint)
  })

  test('without any output says only what failed', () => {
    expect(embeddedFailure('PostgreSQL did not start', '').message).toBe('PostgreSQL did not start')
  })
})
