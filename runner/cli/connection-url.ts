import type { Connection } from '../project/project.ts'

/** A URL for psql and other clients, password included. A Unix socket's folder goes into `host=`, as libpq reads it. */
export function connectionUrl(connection: Connection): string {
  const { host, port, user, password, database } = connection
  const isSocket = host.startsWith('/')
  const login =
    encodeURIComponent(user) + (password === undefined ? '' : `:${encodeURIComponent(password)}`)
  const place = isSocket ? `:${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`
  const parameters = new URLSearchParams()
  if (isSocket) parameters.set('host', host)
  if (connection.sslmode !== 'prefer') parameters.set('sslmode', connection.sslmode)
  for (const key of ['sslrootcert', 'sslcert', 'sslkey'] as const) {
    const file = connection[key]
    if (file !== undefined) parameters.set(key, file)
  }
  const query = parameters.toString()
  return `postgresql://${login}@${place}/${encodeURIComponent(database)}${query === '' ? '' : `?${query}`}`
}
