import { useEffect, useState } from 'preact/hooks'

// A page that is opened from a file may not fetch, but it may add scripts.

const loading = new Map<string, Promise<unknown>>()
const version = document.querySelector('meta[name=gm-version]')?.getAttribute('content') ?? ''

/** The value of a part of the data; loaded once. Rejects when its script is missing. */
export function loadChunk<T>(name: string): Promise<T> {
  const known = loading.get(name)
  if (known !== undefined) return known as Promise<T>
  const promise = new Promise<unknown>((resolve, reject) => {
    const there = globalThis.__GM__?.[name]
    if (there !== undefined) {
      resolve(there)
      return
    }
    const script = document.createElement('script')
    script.src = `data/${encodeURIComponent(name)}.js?${version}`
    script.onload = () => {
      const value = globalThis.__GM__?.[name]
      if (value === undefined) reject(new Error(`data/${name}.js holds no data`))
      else resolve(value)
    }
    script.onerror = () => {
      reject(new Error(`data/${name}.js could not be loaded`))
    }
    document.head.append(script)
  })
  loading.set(name, promise)
  return promise as Promise<T>
}

export interface Loaded<T> {
  readonly value: T | undefined
  readonly error: string | undefined
}

/** The value of a part of the data, as soon as it is there. */
export function useChunk<T>(name: string): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T> & { readonly name: string }>(() => ({
    name,
    value: globalThis.__GM__?.[name] as T | undefined,
    error: undefined,
  }))
  useEffect(() => {
    let isCurrent = true
    loadChunk<T>(name).then(
      (value) => {
        if (isCurrent) setLoaded({ name, value, error: undefined })
      },
      (error: unknown) => {
        if (isCurrent) setLoaded({ name, value: undefined, error: String(error) })
      },
    )
    return () => {
      isCurrent = false
    }
  }, [name])
  // What belongs to the page before must not show for a moment on this one.
  return loaded.name === name
    ? loaded
    : { value: globalThis.__GM__?.[name] as T | undefined, error: undefined }
}
