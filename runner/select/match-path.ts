import { matchesWildcard } from './wildcard.ts'

/**
 * Whether a file is meant by a path: the path itself or a folder above it, with wildcards as in a shell (`*` stays
 * inside a folder, `**` does not).
 *
 * @param file relative to the project root, forward slashes.
 * @param path with slashes of either kind: shells of Windows complete paths with backslashes.
 */
export function matchesPath(file: string, path: string): boolean {
  const wanted = withoutDots(path)
  if (wanted === '' || wanted === '.') return true
  for (let end = file.length; end > 0; end = file.lastIndexOf('/', end - 1)) {
    if (matchesWildcard(file.slice(0, end), wanted, '/')) return true
  }
  return false
}

/** Whether exactly this file is meant by a path. */
export function matchesFile(file: string, path: string): boolean {
  return matchesWildcard(file, withoutDots(path), '/')
}

function withoutDots(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/+$/, '')
}
