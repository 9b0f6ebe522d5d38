import type { JSX } from 'preact'

/** A description that the generator has rendered with HTML switched off, so that it can be set as it is. */
export function Markdown({ html }: { readonly html: string | undefined }): JSX.Element | null {
  if (html === undefined || html === '') return null
  // Arabic and Hebrew run from the right, whatever stands around them.
  return <div class="markdown" dir="auto" dangerouslySetInnerHTML={{ __html: html }} />
}
