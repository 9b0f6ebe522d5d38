import type { JSX } from 'preact'
import type { IndexNode } from '../../site-data.ts'
import { href } from '../route.ts'
import { KindMark } from './kind-mark.tsx'

/** A node's name that leads to its page. */
export function NodeLink({ node }: { readonly node: IndexNode }): JSX.Element {
  return (
    <a class="node-link" href={href('node', node.id)}>
      <KindMark kind={node.kind} />
      <span>{breakable(node.name)}</span>
    </a>
  )
}

/** Long names go on in the next line after a word of theirs, not in the middle of it. */
function breakable(name: string): (string | JSX.Element)[] {
  return name.split(/(?<=[_.])/).flatMap((word, i) => (i === 0 ? [word] : [<wbr key={i} />, word]))
}
