/** The characters of a text as PostgreSQL and editors count them: an emoji outside the basic plane is one. */
export function codePoints(text: string): string[] {
  return Array.from(text)
}

/** How many characters a text has, counted as `codePoints` does. */
export function countCodePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xd800 && unit <= 0xdbff) count -= 1
  }
  return count
}
