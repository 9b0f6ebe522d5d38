/** A process that runs a query without end; it is there to be killed. */
import { createPostgresAdapter } from '../engine/postgres/postgres-adapter.ts'
import type { Connection } from '../project/project.ts'

const connection = JSON.parse(process.argv[2] ?? '') as Connection
const session = await createPostgresAdapter(connection).open()
await session.query({
  purpose: 'run for ever',
  sql: 'select count(*) from generate_series(1, 1000000) a, generate_series(1, 1000000) b',
})
