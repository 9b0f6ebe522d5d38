/** A value as a person would write it in one line: lists with commas, mappings as YAML's `{a: 1}`. */
export function plainText(value: unknown): string {
  if (Array.isArray(value)) return value.map(plainText).join(', ')
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, one]) =>
      Array.isArray(one) ? `${key}: [${plainText(one)}]` : `${key}: ${plainText(one)}`,
    )
    return `{${entries.join(', ')}}`
  }
  return String(value)
}
