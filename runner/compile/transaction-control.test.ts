import { expect, test } from 'vitest'
import { transactionControl } from './transaction-control.ts'

test.each([
  ['commit'],
  ['insert into log values (1);\n-- done\nCOMMIT ;'],
  ['select 1; /* ; */ rollback and chain'],
  ['begin; select 1'],
  ['Start  Transaction read only'],
  ['select 1; end'],
  ['abort work'],
  ["prepare transaction 'x'"],
])('%s begins or ends a transaction', (sql) => {
  expect(transactionControl(sql)).toBeDefined()
})

test.each([
  ['savepoint a; insert into log values (1); rollback to a'],
  ['rollback work to savepoint a'],
  ['rollback transaction to a'],
  [`do $$ begin perform 1; commit; end $$`],
  [`select 'x; commit'; -- ; commit`],
  ['select "commit" from beginnings; select 1'],
  ['prepare q as select 1'],
  ['create function f() returns int begin atomic select 1; select 2; end'],
  ['select case when true then 1 end'],
  [''],
])('%s does not', (sql) => {
  expect(transactionControl(sql)).toBeUndefined()
})
