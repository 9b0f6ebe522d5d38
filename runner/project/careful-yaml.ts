import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import type { Document, Node as YamlNode } from 'yaml'
import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Path } from './explain-issues.ts'
import type { PlacedYaml } from './placed-yaml.ts'

/** Seventy modules that only files with mistakes or aliases need. */
const loadYaml = (): typeof Yaml => createRequire(import.meta.url)('yaml') as typeof Yaml

/**
 * Reads what the fast reader of `parseYaml` has refused.
 * @throws GmError GM1004, one for each mistake in the file.
 */
export function parseCarefully(text: string, place: (offset: number) => Location): PlacedYaml {
  const yaml = loadYaml()
  const doc = yaml.parseDocument(text, { prettyErrors: false, logLevel: 'silent', merge: true })
  throwAll(
    doc.errors.map(
      (error) =>
        new GmError('GM1004', plainMessage(error.message), {
          at: place(error.pos[0]),
          hint:
            error.code === 'TAB_AS_INDENT'
              ? 'Indent with blanks in place of tabs.'
              : 'Check the indentation and the quotes of this line and of the one before it.',
        }),
    ),
  )
  return {
    value: toValue(doc, place),
    placeOf: (path, part = 'key') => place(offsetOf(yaml, doc, path, part)),
  }
}

function toValue(doc: Document.Parsed, place: (offset: number) => Location): unknown {
  try {
    // The limit stops a file of a few lines whose aliases unfold to gigabytes.
    return doc.toJS({ maxAliasCount: 1000 }) as unknown
  } catch (cause) {
    // The only things thrown here are an alias without its anchor and the limit.
    const message = cause instanceof Error ? plainMessage(cause.message) : 'unusable alias'
    throw new GmError('GM1004', message, { at: place(0), cause })
  }
}

function plainMessage(message: string): string {
  const [first = message] = message.split('\n')
  return first.charAt(0).toLowerCase() + first.slice(1)
}

/** Walks to the node at a path; stops at the last one that exists. */
function offsetOf(
  { isAlias, isMap, isScalar, isSeq }: typeof Yaml,
  doc: Document.Parsed,
  path: Path,
  part: 'key' | 'value',
): number {
  let node = doc.contents as YamlNode | null
  let offset = node?.range?.[0] ?? 0
  for (const [depth, key] of path.entries()) {
    if (isAlias(node)) node = node.resolve(doc) ?? null
    const isLast = depth === path.length - 1
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
      if (pair === undefined) return offset
      const value = pair.value as YamlNode | null
      const chosen = isLast && part === 'key' ? (pair.key as YamlNode) : (value ?? pair.key)
      offset = (chosen as YamlNode).range?.[0] ?? offset
      node = value
    } else if (isSeq(node) && typeof key === 'number') {
      node = (node.items[key] as YamlNode | undefined) ?? null
      offset = node?.range?.[0] ?? offset
    } else {
      return offset
    }
  }
  return offset
}
