/**
 * Gives Node 20 the `navigator` that Node 21 brought. pg asks, as it is loaded, whether it runs on Cloudflare: by `navigator`, and
 * where there is none by making a Response, which loads all of Node's fetch (45 ms of the 450 that a short run takes).
 * For the programs of this project, before they load pg; a library does not touch its user's globals.
 */
export function ensureNavigator(): void {
  if ('navigator' in globalThis) return
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent: 'Node.js/20' },
    configurable: true,
    enumerable: false,
  })
}
