import type { JSX } from 'preact'

interface LoadingProps {
  /** Why it will not come. */
  readonly error?: string | undefined
}

/** What stands where a part of the data will be: programs that read a page aloud, or test it, know from it to wait. */
export function Loading({ error }: LoadingProps): JSX.Element {
  return error === undefined ? (
    <p class="muted" aria-busy="true">
      Loading
    </p>
  ) : (
    <p class="note">{error}</p>
  )
}
