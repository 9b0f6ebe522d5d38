/** The text without the mark that some editors on Windows put in front of it, which would count as a column. */
export function withoutByteOrderMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}
