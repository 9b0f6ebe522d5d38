import { expect, test } from 'vitest'
import { docsBlocks } from './docs-blocks.ts'

test('docs blocks are found with their place and text, and nothing around them is read', () => {
  const text =
    '# {{ not a template\n{% docs one %}\nSome *text* {{ here }}\n{% enddocs %}\n{%- docs two -%}b{% enddocs %}'
  expect(docsBlocks({ file: 'models/docs.md', text })).toEqual([
    {
      name: 'one',
      at: { file: 'models/docs.md', line: 2, column: 1 },
      text: 'Some *text* {{ here }}',
    },
    { name: 'two', at: { file: 'models/docs.md', line: 5, column: 1 }, text: 'b' },
  ])
})

test('a file without docs blocks has none', () => {
  expect(docsBlocks({ file: 'a.md', text: 'docs' })).toEqual([])
})

test('a docs block without an end or a name is an error at its place', () => {
  const at = { file: 'a.md', line: 2, column: 2 }
  for (const block of ['{% docs a %} b', '{% docs %} b {% enddocs %}']) {
    expect(() => docsBlocks({ file: 'a.md', text: `a\n ${block}` })).toThrow(
      expect.objectContaining({ code: 'GM2001', at }),
    )
  }
})
