import type pg from 'pg'

/**
 * pg, loaded when a database is first needed.
 *
 * pg asks at its first connection whether it runs on Cloudflare: by `navigator`, and where there is none by making a Response,
 * which loads all of Node's fetch (45 ms of 550 that a short run takes). Node 21 brought the navigator that Node 20 lacks.
 */
export async function loadPg(): Promise<typeof pg> {
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', {
      value: { userAgent: 'Node.js/20' },
      configurable: true,
      enumerable: false,
    })
  }
  return (await import('pg')).default
}
