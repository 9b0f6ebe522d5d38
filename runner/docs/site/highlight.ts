import type { HLJSApi, Language } from 'highlight.js'
import hljs from 'highlight.js/lib/core'
import sql from 'highlight.js/lib/languages/sql'

/** SQL with template tags in it, also inside of strings and comments. */
function templatedSql(api: HLJSApi): Language {
  const base = sql(api)
  const tag = {
    scope: 'template-tag',
    begin: /\{[{%]/,
    end: /[}%]\}/,
    contains: [
      { scope: 'string', begin: /'/, end: /'/ },
      { scope: 'string', begin: /"/, end: /"/ },
      {
        scope: 'keyword',
        match:
          /\b(if|elif|else|endif|for|in|endfor|set|endset|macro|endmacro|test|endtest|call|endcall|do|not|and|or|is|snapshot|endsnapshot|filter|endfilter|raw|endraw)\b/,
      },
      { scope: 'title', match: /\b[A-Za-z_]\w*(?=\()/ },
    ],
  }
  const comment = { scope: 'comment', begin: /\{#/, end: /#\}/ }
  return { ...base, contains: [comment, tag, ...base.contains] }
}

hljs.registerLanguage('sql', templatedSql)

/** Beyond, colours would take longer than reading starts. */
const MOST_CHARACTERS = 200_000

/** The lines of a text as HTML with colours; the text itself is escaped. */
export function highlightLines(text: string): readonly string[] {
  const html =
    text.length > MOST_CHARACTERS
      ? escapeHtml(text)
      : hljs.highlight(text, { language: 'sql', ignoreIllegals: true }).value
  return splitLines(html)
}

/** A span that goes over several lines is closed at the end of each and opened again on the next. */
function splitLines(html: string): readonly string[] {
  const open: string[] = []
  return html.split('\n').map((line) => {
    const before = open.join('')
    for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (tag === '</span>') open.pop()
      else open.push(tag)
    }
    return before + line + '</span>'.repeat(open.length)
  })
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (one) => (one === '&' ? '&amp;' : one === '<' ? '&lt;' : '&gt;'))
}
