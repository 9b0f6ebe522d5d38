import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useSite } from '../context.ts'
import { href } from '../route.ts'
import type { Found } from '../search.ts'
import { prepareSearch, search } from '../search.ts'
import { KindMark } from './kind-mark.tsx'

const SHOWN = 8

/** Search from every page: `/` or Ctrl-K goes there, arrows choose, Enter opens. */
export function SearchBox(): JSX.Element {
  const site = useSite()
  const input = useRef<HTMLInputElement>(null)
  const [text, setText] = useState('')
  const [found, setFound] = useState<readonly Found[]>([])
  /** The text that `found` is of: an answer takes a moment. */
  const [answered, setAnswered] = useState('')
  const [chosen, setChosen] = useState(0)
  const [isOpen, setOpen] = useState(false)
  useEffect(() => {
    const jump = (event: KeyboardEvent): void => {
      const isTyping =
        event.target instanceof Element && event.target.matches('input, textarea, select')
      const isAsked =
        (event.key === '/' && !isTyping) || (event.key === 'k' && (event.ctrlKey || event.metaKey))
      if (!isAsked) return
      event.preventDefault()
      input.current?.focus()
      input.current?.select()
    }
    addEventListener('keydown', jump)
    return () => {
      removeEventListener('keydown', jump)
    }
  }, [])
  useEffect(() => {
    let isCurrent = true
    void search(site, text).then(
      (results) => {
        if (!isCurrent) return
        setFound(results)
        setAnswered(text)
        setChosen(0)
      },
      () => undefined,
    )
    return () => {
      isCurrent = false
    }
  }, [site, text])
  const shown = found.slice(0, SHOWN)
  const leave = (): void => {
    setOpen(false)
    setText('')
    input.current?.blur()
  }
  const go = (to: string): void => {
    location.hash = to
    leave()
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') leave()
    else if (event.key === 'ArrowDown') setChosen(Math.min(chosen + 1, shown.length))
    else if (event.key === 'ArrowUp') setChosen(Math.max(chosen - 1, 0))
    else if (event.key === 'Enter') {
      const node = shown[chosen]?.node
      if (node !== undefined) go(href('node', node.id))
      else if (text.trim() !== '') go(href('search', '', { q: text.trim() }))
    } else return
    event.preventDefault()
  }
  const isListed = isOpen && text.trim() !== ''
  return (
    <div class="search">
      <input
        ref={input}
        type="search"
        role="combobox"
        list={undefined}
        aria-label="Search models, columns, descriptions and SQL"
        aria-expanded={isListed}
        aria-controls="found"
        aria-autocomplete="list"
        aria-activedescendant={isListed && shown.length > 0 ? `found-${chosen}` : undefined}
        placeholder="Search  /"
        autocomplete="off"
        spellcheck={false}
        value={text}
        onFocus={() => {
          setOpen(true)
          void prepareSearch().catch(() => undefined)
        }}
        onBlur={() => {
          setOpen(false)
        }}
        onInput={(event) => {
          setText(event.currentTarget.value)
          setOpen(true)
        }}
        onKeyDown={onKey}
      />
      {isListed ? (
        <div
          id="found"
          class="found"
          role="listbox"
          aria-label="Found"
          // A click must come before the input's loss of focus closes the list.
          onMouseDown={(event) => {
            event.preventDefault()
          }}
        >
          {shown.map(({ node, where }, i) => (
            <a
              key={node.id}
              id={`found-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === chosen}
              href={href('node', node.id)}
              onClick={leave}
            >
              <span>
                <KindMark kind={node.kind} />
                <b>{node.name}</b>
              </span>
              <span class="where">{where() || (node.summary ?? node.path)}</span>
            </a>
          ))}
          <a
            id={`found-${shown.length}`}
            role="option"
            tabIndex={-1}
            class="all"
            aria-selected={chosen === shown.length}
            href={href('search', '', { q: text.trim() })}
            onClick={leave}
          >
            {answered !== text
              ? 'Searching…'
              : found.length === 0
                ? 'Nothing found'
                : `All ${found.length} results`}
          </a>
        </div>
      ) : null}
    </div>
  )
}
