import { groupBy } from './group.ts'
import type { EventFile } from './stage-events.ts'

/**
 * The same lines in `parts` other files a topic, cut at other places. Names and lines keep the order
 * of coordinates, so that every table is the same but for the coordinates themselves.
 */
export function splitFiles(files: readonly EventFile[], parts: number): EventFile[][] {
  const topics = [...groupBy(files, (file) => file.topic)].map(([topic, own]) => {
    const ordered = [...own].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { topic, lines: ordered.flatMap((file) => file.text.trimEnd().split('\n')) }
  })
  return Array.from({ length: parts }, (_, part) =>
    topics.map(({ topic, lines }) => {
      const cut = (at: number): number => Math.round((lines.length * at) / parts)
      const text = `${lines.slice(cut(part), cut(part + 1)).join('\n')}\n`
      return { topic, name: `part-${String(part).padStart(3, '0')}.jsonl`, text }
    }),
  )
}
