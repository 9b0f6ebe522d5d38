import { expect, test } from 'vitest'
import { makeConnection } from '../project/connection.ts'
import { connectionUrl } from './connection-url.ts'

test('A URL carries what is needed to connect, with special characters encoded', () => {
  const connection = makeConnection({
    host: '127.0.0.1',
    port: 5544,
    user: 'gm user',
    password: 'a/b@c:d',
    database: 'shop_warehouse',
    sslmode: 'disable',
  })
  const url = new URL(connectionUrl(connection))
  expect(decodeURIComponent(url.username)).toBe('gm user')
  expect(decodeURIComponent(url.password)).toBe('a/b@c:d')
  expect(url.host).toBe('127.0.0.1:5544')
  expect(url.pathname).toBe('/shop_warehouse')
  expect(url.searchParams.get('sslmode')).toBe('disable')
})

test('Without a password and with the default sslmode the URL says neither', () => {
  const connection = makeConnection({ host: 'db', user: 'gm', database: 'x' })
  expect(connectionUrl(connection)).toBe('postgresql://gm@db:5432/x')
})

test("The folder of a Unix socket stands in libpq's host parameter", () => {
  const connection = makeConnection({ host: '/var/run/postgresql', user: 'gm', database: 'x' })
  expect(connectionUrl(connection)).toBe('postgresql://gm@:5432/x?host=%2Fvar%2Frun%2Fpostgresql')
})

test('An IPv6 address is put in brackets', () => {
  const connection = makeConnection({ host: '::1', user: 'gm', database: 'x' })
  expect(connectionUrl(connection)).toBe('postgresql://gm@[::1]:5432/x')
})
