import { expect } from 'vitest'
import { createPostgresAdapter } from '../../engine/postgres/postgres-adapter.ts'
import { test } from '../../testing/sql-fixture.ts'
import { readCatalog } from './read-catalog.ts'

test('the catalog has tables and views with their columns, comments, rows and size', async ({
  connection,
  sql,
}) => {
  await sql(`create schema shop;
create table shop."Orders, all" (id int not null, amount numeric(10, 2));
comment on table shop."Orders, all" is 'One row an order';
comment on column shop."Orders, all".id is 'Its number';
insert into shop."Orders, all" values (1, 2), (2, 3);
analyze shop."Orders, all";
create view shop.v as select id from shop."Orders, all"`)
  const adapter = createPostgresAdapter(connection)
  const session = await adapter.open()
  try {
    const names = ['Orders, all', 'v', 'absent']
    const found = await readCatalog(
      session,
      names.map((identifier) => ({ schema: 'shop', identifier })),
    )
    const table = found.find(({ relation }) => relation.identifier === 'Orders, all')
    expect(table).toMatchObject({
      type: 'BASE TABLE',
      comment: 'One row an order',
      estimatedRows: 2,
      columns: [
        { name: 'id', type: 'integer', comment: 'Its number', isNullable: false },
        { name: 'amount', type: 'numeric(10,2)', comment: null, isNullable: true },
      ],
    })
    expect(table?.bytes).toBeGreaterThan(0)
    const view = found.find(({ relation }) => relation.identifier === 'v')
    expect(view).toMatchObject({ type: 'VIEW', estimatedRows: null, bytes: null })
    expect(found).toHaveLength(2)
    expect(await readCatalog(session, [])).toEqual([])
  } finally {
    await session.close()
    await adapter.close()
  }
})
