import type { Reads } from '../manifest/node.ts'

const CALL = /\b(env_var|var)\(\s*(['"])(.*?)\2/g

/** Names that a text gives to `var()` and `env_var()`, sorted; those that are put together while rendering are not seen. */
export function namesRead(text: string): Reads {
  const found = { var: new Set<string>(), env_var: new Set<string>() }
  for (const [, callee, , name = ''] of text.matchAll(CALL)) {
    found[callee === 'var' ? 'var' : 'env_var'].add(name)
  }
  return { vars: [...found.var].sort(), env: [...found.env_var].sort() }
}
