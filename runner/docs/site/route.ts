import { useEffect, useState } from 'preact/hooks'

/** Where in the site: behind the `#`, so that one file serves all pages. */
export interface Route {
  /** `node`, `lineage`, `runs`…; empty on the overview. */
  readonly page: string
  /** A node's id, a run's. */
  readonly id: string
  readonly query: ReadonlyMap<string, string>
}

/** `#/node/model.shop.orders?column=id`. */
export function href(
  page: string,
  id = '',
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  const text = given.map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join('&')
  const path = [page, id === '' ? '' : encodeURIComponent(id)].filter((part) => part !== '')
  return `#/${path.join('/')}${text === '' ? '' : `?${text}`}`
}

export function parseHash(hash: string): Route {
  // Links into dbt's own docs: #!/model/model.shop.orders
  const old = /^#!\/(?:\w+)\/([^?]+)/.exec(hash)
  if (old !== null) return { page: 'node', id: decode(old[1] ?? ''), query: new Map() }
  const [path = '', text = ''] = hash.replace(/^#?\/?/, '').split('?')
  const [page = '', id = ''] = path.split('/')
  const pairs = text.split('&').filter((pair) => pair !== '')
  const query = pairs.map((pair): [string, string] => {
    const [key = '', value = ''] = pair.split('=')
    return [decode(key), decode(value)]
  })
  return { page: decode(page), id: decode(id), query: new Map(query) }
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseHash(location.hash))
  useEffect(() => {
    const follow = (): void => {
      setRoute(parseHash(location.hash))
    }
    addEventListener('hashchange', follow)
    return () => {
      removeEventListener('hashchange', follow)
    }
  }, [])
  return route
}

/** A `%` that encodes nothing is itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
