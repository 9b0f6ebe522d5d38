import { templateTags } from './template-tags.ts'

/** One `{% snapshot name %} … {% endsnapshot %}`; offsets are UTF-16 units in the file's text. */
export interface SnapshotBlock {
  readonly name: string
  /** Where the name stands in the opening tag. */
  readonly nameOffset: number
  readonly span: { readonly start: number; readonly end: number }
}

/** The snapshot blocks of a file in order; none when the file is one plain query. */
export function snapshotBlocks(text: string): readonly SnapshotBlock[] {
  if (!text.includes('snapshot')) return []
  const blocks: SnapshotBlock[] = []
  let open: { name: string; nameOffset: number; start: number } | undefined
  for (const tag of templateTags(text)) {
    const [keyword, name] = tag.tokens.filter((token) => token.text !== '-' && token.text !== '+')
    if (!tag.isStatement) continue
    if (keyword?.text === 'snapshot' && name !== undefined) {
      open = { name: name.text, nameOffset: name.offset, start: tag.end }
    } else if (keyword?.text === 'endsnapshot' && open !== undefined) {
      const { name: blockName, nameOffset, start } = open
      blocks.push({ name: blockName, nameOffset, span: { start, end: tag.offset } })
      open = undefined
    }
  }
  return blocks
}
