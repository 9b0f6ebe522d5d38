import type { JSX } from 'preact'
import type { PageKind } from '../../site-data.ts'

/** A spot in the colour of the kind, and its word for those who do not see it. */
export function KindMark({ kind }: { readonly kind: PageKind }): JSX.Element {
  return (
    <span class={`kind kind-${kind}`} title={kind}>
      <span class="for-readers">{kind} </span>
    </span>
  )
}
