import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { Connection } from '../project/project.ts'

export type AfterTheLoss = 'goes on' | 'takes no new ones' | 'is gone'

export interface LossyServer {
  readonly connection: Connection
  /** How many answers were lost. */
  readonly lost: () => number
  readonly close: () => Promise<void>
}

/**
 * A way to the server on which connections break once the server has committed a transaction whose text matches, before the
 * answer has arrived. From then on it takes others as before, takes no new ones, or is gone for all.
 */
export async function loseCommits(
  connection: Connection,
  matches: RegExp,
  then: AfterTheLoss = 'goes on',
): Promise<LossyServer> {
  let lost = 0
  const clients = new Set<Socket>()
  const server = createServer((client) => {
    if (then !== 'goes on' && lost > 0) return void client.destroy()
    clients.add(client)
    const upstream = connect(connection.port, connection.host)
    let isCommitting = false
    client.on('data', (data) => {
      const text = data.toString('latin1')
      if (lost === 0 && /\bcommit\b/.test(text) && matches.test(text)) isCommitting = true
      upstream.write(data)
    })
    upstream.on('data', (data) => {
      // The server has done all of the text once it says that it is ready for more.
      const isReady =
        data.length >= 6 && data.toString('latin1', data.length - 6, data.length - 5) === 'Z'
      if (!isCommitting) client.write(data)
      else if (isReady) {
        lost += 1
        for (const broken of then === 'is gone' ? clients : [client]) broken.destroy()
      }
    })
    client.on('close', () => upstream.destroy()).on('error', () => undefined)
    upstream.on('close', () => client.destroy()).on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    connection: { ...connection, host: '127.0.0.1', port },
    lost: () => lost,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
