import type { Client, ClientConfig } from 'pg'
import type { Topic } from '../topics/topic.ts'
import { landingClient } from './landing-client.ts'
import { prepareLanding } from './prepare-landing.ts'

/** A connection for a piece of work on schema `raw`, which exists then; closed afterwards. */
export async function withLanding<Result>(
  connection: ClientConfig,
  declared: readonly Topic[],
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = landingClient(connection, 'gm ingest')
  client.on('error', () => undefined)
  await client.connect()
  try {
    await prepareLanding(client, declared)
    return await work(client)
  } finally {
    await client.end()
  }
}
