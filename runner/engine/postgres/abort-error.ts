/** What a cancelled call rejects with: an error whose `name` is `AbortError`, as everywhere in Node. Not a GmError. */
export function abortError(): DOMException {
  return new DOMException('cancelled', 'AbortError')
}
