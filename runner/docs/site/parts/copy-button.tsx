import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

interface CopyButtonProps {
  readonly text: string
  /** What is copied, for those who do not see what stands beside it. */
  readonly what: string
}

/** Puts a text on the clipboard, and says so. */
export function CopyButton({ text, what }: CopyButtonProps): JSX.Element {
  const [isCopied, setCopied] = useState(false)
  const copy = (): void => {
    void navigator.clipboard.writeText(text).then(
      () => {
        setCopied(true)
        setTimeout(() => {
          setCopied(false)
        }, 1_500)
      },
      () => undefined,
    )
  }
  return (
    <button type="button" class="plain copy" aria-label={`Copy ${what}`} onClick={copy}>
      {isCopied ? 'Copied' : 'Copy'}
    </button>
  )
}
