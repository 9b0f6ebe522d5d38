import type { JSX } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { formatCount } from '../format.ts'
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

/** More than these take a browser seconds to lay out, line by line. */
const MOST = { lines: 2_000, characters: 400_000 } as const
/** Shown above a line that a link leads to, where the beginning of the text is far. */
const LINES_ABOVE = 50

interface Part {
  readonly before: string
  readonly text: string
  readonly after: string
  /** Lines before it. */
  readonly start: number
}

/** The part of a text to begin with: all of nearly every text, of a huge one its beginning or what is around a line. */
function partOf(whole: string, line: number | undefined): Part {
  const lines = whole.split('\n')
  const start = line === undefined || line < MOST.lines ? 0 : line - LINES_ABOVE
  const before = lines
    .slice(0, start)
    .map((one) => `${one}\n`)
    .join('')
  const text = lines
    .slice(start, start + MOST.lines)
    .join('\n')
    .slice(0, MOST.characters)
  return { before, text, after: whole.slice(before.length + text.length), start }
}

function Lines({ node, text: whole, marked, firstLine: fileLine }: LinesProps): JSX.Element {
  const site = useSite()
  const { before, text, after, start } = useMemo(
    () => partOf(whole, marked === undefined ? undefined : marked - fileLine),
    [whole, marked, fileLine],
  )
  const firstLine = fileLine + start
  const isCut = before !== '' || after !== ''
  const [shown, setShown] = useState<string | undefined>(undefined)
  const isWhole = !isCut || shown === whole
  const lines = useMemo(() => {
    const parents = node.parents.flatMap((position) => site.nodes[position] ?? [])
    return highlightLines(text.replace(/\n+$/, '')).map((line) => linkRefs(line, parents))
  }, [text, node, site])
  useEffect(() => {
    if (marked === undefined) return
    document.getElementById(`line-${marked}`)?.scrollIntoView({ block: 'center' })
  }, [marked, text])
  const code = (
    // Long lines scroll sideways, which the keyboard must be able to do as well.
    <pre tabIndex={0} role="region" aria-label="SQL">
      <code>
        {isWhole ? before : null}
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
        {isWhole ? after.replace(/^\n/, '') : null}
      </code>
    </pre>
  )
  if (isWhole) return code
  return (
    <>
      {code}
      <p class="note">
        {start === 0 ? 'This is the beginning. ' : 'This is a part of it. '}
        <button
          type="button"
          onClick={() => {
            setShown(whole)
          }}
        >
          Show all {formatCount(whole.length)} characters
        </button>
      </p>
    </>
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
