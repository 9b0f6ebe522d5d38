import MarkdownIt from 'markdown-it'

// HTML in a description is shown as text: a page that shows what others wrote must not run it.
const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false })

/** Markdown as HTML: tables, lists, code, images. Nothing but white space gives undefined. */
export function renderMarkdown(text: string): string | undefined {
  if (text.trim() === '') return undefined
  return markdown.render(text.trim()).trim()
}

/** The first words as plain text, for lists: of the first paragraph, at most `length` characters. */
export function summarize(text: string, length = 140): string | undefined {
  const [paragraph = ''] = text.trim().split(/\n\s*\n/)
  const plain = paragraph
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`#>|]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
  if (plain === '') return undefined
  return plain.length <= length ? plain : `${plain.slice(0, length - 1).trimEnd()}…`
}
