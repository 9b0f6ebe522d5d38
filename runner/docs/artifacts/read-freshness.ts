/** What the last look at a source's newest row has found. */
export interface KnownFreshness {
  /** `pass`, `warn`, `error` or `runtime error`. */
  readonly status: string
  /** ISO 8601; absent where there was no row to look at. */
  readonly newestRowAt?: string
  readonly checkedAt?: string
}

/**
 * By source, what `gm source freshness` has written into sources.json; nothing where there is no such file or nothing
 * that can be read in it: the page then says nothing of freshness.
 */
export function readFreshness(text: string | undefined): ReadonlyMap<string, KnownFreshness> {
  const found = new Map<string, KnownFreshness>()
  for (const entry of resultsIn(text)) {
    const { unique_id: id, status, max_loaded_at: newest, snapshotted_at: checked } = entry
    if (typeof id !== 'string' || typeof status !== 'string') continue
    found.set(id, {
      status,
      ...(typeof newest === 'string' && { newestRowAt: newest }),
      ...(typeof checked === 'string' && { checkedAt: checked }),
    })
  }
  return found
}

function resultsIn(text: string | undefined): readonly Readonly<Record<string, unknown>>[] {
  try {
    const { results } = JSON.parse(text ?? '{}') as { results?: unknown }
    return Array.isArray(results) ? (results as Readonly<Record<string, unknown>>[]) : []
  } catch {
    return []
  }
}
