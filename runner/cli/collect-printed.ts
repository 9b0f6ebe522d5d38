/** What a library prints with console.log while it works, as text. */
export function collectPrinted(print: () => void): string {
  const lines: string[] = []
  const { log } = console
  console.log = (...parts: unknown[]) => void lines.push(parts.map(String).join(' '))
  try {
    print()
  } finally {
    console.log = log
  }
  return lines.map((line) => `${line}\n`).join('')
}
