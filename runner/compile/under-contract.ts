import { countCodePoints } from '../base/code-points.ts'
import type { Contract } from '../manifest/node.ts'
import { identifier } from '../manifest/quoted.ts'
import type { Rendered } from '../template/template.ts'
import type { Compiled } from './compiled.ts'
import { joinRendered } from './join-rendered.ts'

/** A model's query with exactly the columns of its contract, in their order and with their types. */
export function underContract(
  query: Rendered,
  { columns }: Contract,
): Pick<Compiled, 'sql' | 'lines' | 'contracted'> {
  const casts = columns.map(
    ({ name, type }) => `  cast(${identifier(name)} as ${type}) as ${identifier(name)}`,
  )
  const head = `select\n${casts.join(',\n')}\nfrom (\n`
  const { text, lines } = joinRendered([head, query, '\n) as contracted'])
  return { sql: text, lines, contracted: { sql: query.text, offset: countCodePoints(head) } }
}
