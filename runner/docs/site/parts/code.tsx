import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { highlightLines } from '../highlight.ts'
import { href } from '../route.ts'
import type { SiteNode } from '../site.ts'
import { CopyButton } from './copy-button.tsx'

interface CodeProps {
  readonly node: SiteNode
  readonly source: string | undefined
  readonly compiled: string | undefined
  readonly note: string | undefined
  /** A line to show, from 1. */
  readonly line: number | undefined
  /** The line of the file at which the source begins, when it is a part of it. */
  readonly firstLine?: number
}

/** A node's text as it was written and as the database gets it. */
export function Code({
  node,
  source,
  compiled,
  note,
  line,
  firstLine = 1,
}: CodeProps): JSX.Element {
  const [view, setView] = useState<'source' | 'compiled'>(
    // The source of a test from YAML is one call of a macro: what it asks stands in the compiled text.
    source === undefined || (node.kind === 'test' && compiled !== undefined && line === undefined)
      ? 'compiled'
      : 'source',
  )
  const text = (view === 'source' ? source : compiled) ?? ''
  return (
    <div class="code">
      <div class="code-head">
        <div class="switch" role="group" aria-label="Which text">
          {source === undefined ? null : (
            <button
              type="button"
              aria-pressed={view === 'source'}
              onClick={() => {
                setView('source')
              }}
            >
              Source
            </button>
          )}
          {compiled === undefined ? null : (
            <button
              type="button"
              aria-pressed={view === 'compiled'}
              onClick={() => {
                setView('compiled')
              }}
            >
              Compiled
            </button>
          )}
        </div>
        <span class="muted">{view === 'source' ? node.path : 'as the database gets it'}</span>
        <CopyButton text={text} what={view === 'source' ? 'the source' : 'the compiled SQL'} />
      </div>
      {note === undefined ? null : <p class="note">{note}</p>}
      <Lines
        node={node}
        text={text}
        marked={view === 'source' ? line : undefined}
        firstLine={view === 'source' ? firstLine : 1}
      />
    </div>
  )
}

interface LinesProps {
  readonly node: SiteNode
  readonly text: string
  readonly marked: number | undefined
  readonly firstLine: number
}

function Lines({ node, text, marked, firstLine }: LinesProps): JSX.Element {
  const site = useSite()
  const lines = useMemo(() => {
    const parents = node.parents.flatMap((position) => site.nodes[position] ?? [])
    return highlightLines(text.replace(/\n+$/, '')).map((line) => linkRefs(line, parents))
  }, [text, node, site])
  useEffect(() => {
    if (marked === undefined) return
    document.getElementById(`line-${marked}`)?.scrollIntoView({ block: 'center' })
  }, [marked, text])
  return (
    // Long lines scroll sideways, which the keyboard must be able to do as well.
    <pre tabIndex={0} role="region" aria-label="SQL">
      <code>
        {lines.map((line, i) => {
          const number = firstLine + i
          return (
            <span
              key={number}
              id={`line-${number}`}
              class={number === marked ? 'line marked' : 'line'}
            >
              <a
                class="number"
                tabIndex={-1}
                aria-hidden="true"
                href={href('node', node.id, { line: number })}
                data-number={number}
              />
              <span dangerouslySetInnerHTML={{ __html: `${line}\n` }} />
            </span>
          )
        })}
      </code>
    </pre>
  )
}

/** Names in ref() and source() lead to their nodes. The line is HTML of our own making, with names escaped in it. */
function linkRefs(line: string, parents: readonly SiteNode[]): string {
  return line.replace(
    /(<span class="hljs-title">(?:ref|source|changes)<\/span>\()([^)]*)(?=\))/g,
    (whole, call: string, names: string) => {
      const words = [...names.matchAll(/(?:'|&#x27;|&quot;|")([^'"&]+)(?:'|&#x27;|&quot;|")/g)].map(
        ([, word]) => word ?? '',
      )
      const node = parents.find(({ name }) => name === words.join('.') || name === words.at(-1))
      return node === undefined ? whole : `${call}<a href="${href('node', node.id)}">${names}</a>`
    },
  )
}
