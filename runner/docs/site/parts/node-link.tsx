import type { JSX } from 'preact'
import type { IndexNode } from '../../site-data.ts'
import { href } from '../route.ts'
import { KindMark } from './kind-mark.tsx'

/** A node's name that leads to its page. */
export function NodeLink({ node }: { readonly node: IndexNode }): JSX.Element {
  return (
    <a class="node-link" href={href('node', node.id)}>
      <KindMark kind={node.kind} />
      {node.name}
    </a>
  )
}
