import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'
import { GmError } from '../base/error.ts'

export interface ServedSite {
  readonly url: string
  close(): Promise<void>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
}

/**
 * Serves the files below a folder and nothing else, to GET and HEAD.
 * @param port 0 takes a free one.
 * @throws GmError GM6002 when there is no site in the folder; GM6003 when the port cannot be had.
 */
export async function serveSite(site: {
  readonly folder: string
  readonly host: string
  readonly port: number
}): Promise<ServedSite> {
  const { folder, host, port } = site
  if (fileBelow(folder, '/') === undefined) {
    throw new GmError('GM6002', `there is no docs site in ${folder}`, {
      hint: 'Write it with `gm docs generate`.',
    })
  }
  const server = createServer((request, response) => {
    const headers = {
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-cache',
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end()
      return
    }
    const file = fileBelow(folder, request.url ?? '/')
    if (file === undefined) {
      response.writeHead(404, { ...headers, 'Content-Type': 'text/plain' }).end('not found\n')
      return
    }
    response.writeHead(200, {
      ...headers,
      'Content-Type': TYPES[extname(file.path)] ?? 'application/octet-stream',
      'Content-Length': file.sizeBytes,
    })
    if (request.method === 'HEAD') response.end()
    else createReadStream(file.path).pipe(response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        new GmError(
          'GM6003',
          `port ${port} of ${host} cannot be used (${error.code ?? 'unknown'})`,
          {
            hint: 'Choose another: `gm docs serve --port 8081`.',
            cause: error,
          },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${name}:${address.port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

/** The file that an address means; undefined when there is none, or when it would be outside of the folder. */
export function fileBelow(
  folder: string,
  url: string,
): { readonly path: string; readonly sizeBytes: number } | undefined {
  let path: string
  try {
    path = decodeURIComponent(url.replace(/[?#].*$/s, ''))
  } catch {
    return undefined
  }
  if (path.includes('\0')) return undefined
  const file = normalize(join(folder, path.endsWith('/') ? `${path}index.html` : path))
  if (!file.startsWith(normalize(folder) + sep)) return undefined
  try {
    const found = statSync(file)
    return found.isFile() ? { path: file, sizeBytes: found.size } : undefined
  } catch {
    return undefined
  }
}
