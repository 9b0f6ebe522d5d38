import type { JSX } from 'preact'

/** A description that the generator has rendered with HTML switched off, so that it can be set as it is. */
export function Markdown({ html }: { readonly html: string | undefined }): JSX.Element | null {
  if (html === undefined || html === '') return null
  return <div class="markdown" dangerouslySetInnerHTML={{ __html: html }} />
}
