import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { describe, expect } from 'vitest'
import { test } from './sql-fixture.ts'

const seen: string[] = []

describe('the database of a test', () => {
  test('is empty, and rows written to it can be read', async ({ sql, db }) => {
    seen.push(db)
    await sql('create table orders (id int); insert into orders values (1), (2)')
    expect(await sql('select count(*)::int as n from orders where id > $1', [1])).toEqual([
      { n: 1 },
    ])
  })

  test('is dropped after the test', async ({ sql, db }) => {
    expect(seen).not.toContain(db)
    expect(await sql('select datname from pg_database where datname = any($1)', [seen])).toEqual([])
  })

  test.fails('fails a test that leaves a connection open', async ({ connection }) => {
    const { host, port, user, password, database } = connection
    const client = new pg.Client({ host, port, user, password, database })
    client.on('error', () => undefined)
    await client.connect()
  })
})

describe('the project of a test', () => {
  let left = ''

  test('holds the files given and a project.yml', async ({ project }) => {
    left = await project({ 'models/a.sql': 'select 1 as id' })
    expect(await readFile(join(left, 'models/a.sql'), 'utf8')).toBe('select 1 as id')
    expect(existsSync(join(left, 'project.yml'))).toBe(true)
  })

  test('is removed after the test', () => {
    expect(left).not.toBe('')
    expect(existsSync(left)).toBe(false)
  })
})
