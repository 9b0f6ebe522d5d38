const cache = new Map<string, RegExp>()

/**
 * Whether a text as a whole matches a pattern of a shell's kind: `*` any characters, `?` one, `[ab]` one of these,
 * `[!ab]` none of these. Case counts.
 *
 * @param separator in paths, the character that `*` and `?` do not match; `**` does.
 */
export function matchesWildcard(text: string, pattern: string, separator = ''): boolean {
  const key = separator + pattern
  let compiled = cache.get(key)
  if (compiled === undefined) {
    compiled = compile(pattern, separator)
    // A selection asks the same few patterns of every node; nothing else needs remembering.
    if (cache.size > 100) cache.clear()
    cache.set(key, compiled)
  }
  return compiled.test(text)
}

export function hasWildcard(text: string): boolean {
  return /[*?[\]]/.test(text)
}

function compile(pattern: string, separator: string): RegExp {
  try {
    return new RegExp(`^${translate(pattern, separator)}$`, 'su')
  } catch {
    // A range that runs backwards, such as [z-a], holds no character.
    return /(?!)/
  }
}

const PARTS = /(\*\*\/)|(\*\*)|(\*)|(\?)|\[(!?)(\]?[^\]]*)\]|([^])/gu

function translate(pattern: string, separator: string): string {
  const one = separator === '' ? '.' : `[^${separator}]`
  return pattern.replace(
    PARTS,
    (
      _all,
      deepFolders,
      deep,
      many,
      single,
      not: string | undefined,
      set: string | undefined,
      other: string | undefined,
    ) => {
      if (deepFolders !== undefined) return separator === '' ? '.*/' : '(?:.*/)?'
      if (deep !== undefined) return '.*'
      if (many !== undefined) return `${one}*`
      if (single !== undefined) return one
      if (set !== undefined)
        return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^[]/gu, '\\$&')}]`
      return (other ?? '').replace(/[\\^$.|+()[\]{}/*?]/gu, '\\$&')
    },
  )
}
