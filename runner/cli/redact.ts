/**
 * The text without passwords: those of connection URLs (`postgres://user:…@host`), of libpq's `password=…`, and the
 * given secrets wherever they stand. Everything that gm prints or logs about itself goes through here; rows of
 * `gm show` and the answer of `gm db url` do not, because they were asked for. `password: "{{ env_var('NAME') }}"` holds
 * no secret and stays as it is.
 */
export function redact(text: string, secrets: Iterable<string> = []): string {
  let safe = text
  // The site asks this of each of its texts, and hardly any holds either: a plain search is ten times as fast.
  if (text.includes('://')) {
    safe = safe.replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@'"]*):[^\s'"]+@/gi, '$1:***@')
  }
  if (/passw/i.test(text)) {
    safe = safe.replace(
      /\b(password|passwd|pgpassword)(\s*[=:]\s*)(?!["']?\{\{ ?env_var\(["']\w+["']\) ?\}\})('[^']*'|"[^"]*"|[^\s,;)'"]+)/gi,
      '$1$2***',
    )
  }
  for (const secret of secrets) {
    // A very short password would blank out innocent words all over the place.
    if (secret.length < 4) continue
    safe = safe.split(secret).join('***').split(encodeURIComponent(secret)).join('***')
  }
  return safe
}
