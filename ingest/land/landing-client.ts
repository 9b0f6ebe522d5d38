import type { ClientConfig } from 'pg'
import { Client } from 'pg'

/**
 * A client, not connected yet, that gives values as pg itself does: bytea as a Buffer, integer as a number. What a
 * caller has set for its own queries would turn both into text.
 */
export function landingClient(connection: ClientConfig, applicationName: string): Client {
  const client = { ...connection, application_name: applicationName, keepAlive: true }
  delete client.types
  return new Client(client)
}
