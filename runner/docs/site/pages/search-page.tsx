import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount } from '../format.ts'
import { NodeLink } from '../parts/node-link.tsx'
import type { Found } from '../search.ts'
import { search } from '../search.ts'

const MOST_SHOWN = 200

/** All that a text finds. */
export function SearchPage({ text }: { readonly text: string }): JSX.Element {
  const site = useSite()
  const [found, setFound] = useState<readonly Found[] | undefined>(undefined)
  useEffect(() => {
    let isCurrent = true
    void search(site, text).then((results) => {
      if (isCurrent) setFound(results)
    })
    return () => {
      isCurrent = false
    }
  }, [site, text])
  return (
    <>
      <h1>Search for “{text}”</h1>
      <p class="muted" role="status" aria-busy={found === undefined}>
        {found === undefined
          ? 'Searching'
          : found.length === 0
            ? 'Nothing found. A name, a column, a word of a description or of SQL will do.'
            : `${formatCount(found.length)} found${found.length > MOST_SHOWN ? `, the best ${MOST_SHOWN} of them here` : ''}`}
      </p>
      <ul class="results">
        {(found ?? []).slice(0, MOST_SHOWN).map(({ node, where }) => (
          <li key={node.id}>
            <NodeLink node={node} />
            <span class="muted"> {node.relation ?? node.path}</span>
            {node.summary === undefined ? null : <p>{node.summary}</p>}
            {where() === '' ? null : <p class="muted">{where()}</p>}
          </li>
        ))}
      </ul>
    </>
  )
}
