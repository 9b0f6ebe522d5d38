/** The value with every text in it changed: keys stay. What holds no text that changes is given back as it is. */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  return mapped(value, change) as T
}

// Hardly any text of a large site changes: copying all of it would cost more than looking.
function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (typeof value !== 'object' || value === null) return value
  const changed = new Map<string, unknown>()
  for (const key of Object.keys(value)) {
    const before = (value as Readonly<Record<string, unknown>>)[key]
    const after = mapped(before, change)
    if (after !== before) changed.set(key, after)
  }
  if (changed.size === 0) return value
  const now = (key: string, before: unknown): unknown =>
    changed.has(key) ? changed.get(key) : before
  if (Array.isArray(value)) return value.map((one, i) => now(String(i), one))
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, now(key, one)]))
}
