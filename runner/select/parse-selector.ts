import { GmError } from '../base/error.ts'
import type { Criterion, IndirectSelection, Selector } from './selector.ts'

/** Source: dbt's grammar of node selection; the groups stand in its order. */
const CRITERION =
  /^(?<at>@)?(?:(?<up>\d*)\+)?(?:(?<method>[\w.]+):)?(?<value>.*?)(?:\+(?<down>\d*))?$/

/**
 * Parses the values of `--select` or `--exclude`. Several values and spaces mean union, commas intersection.
 * No values, and blank ones, give an empty union.
 *
 * @throws GmError GM3002 an empty criterion, or `@` together with a trailing `+`.
 */
export function parseSelector(
  values: readonly string[],
  indirect: IndirectSelection = 'eager',
): Selector {
  const specs = values.flatMap((value) => value.split(/\s+/)).filter((spec) => spec !== '')
  return {
    op: 'union',
    indirect,
    of: specs.map((spec) => {
      const criteria = spec.split(',').map((part) => parseCriterion(part, spec))
      const [only] = criteria
      return only !== undefined && criteria.length === 1
        ? only
        : { op: 'intersection', of: criteria, indirect }
    }),
  }
}

/**
 * One part of a selection, without spaces and commas.
 * @throws GmError GM3002 as parseSelector.
 */
export function parseCriterion(text: string, spec: string = text): Criterion {
  const { at, up, method, value = '', down } = CRITERION.exec(text)?.groups ?? {}
  if (value === '') {
    throw new GmError('GM3002', `"${spec}" has a part that selects nothing: "${text}"`, {
      hint: 'A part is a name, a path or method:value, with + or @ around it.',
    })
  }
  if (at !== undefined && down !== undefined) {
    throw new GmError('GM3002', `"${text}" has both @ and a trailing +`, {
      hint: 'Remove the +: @ takes the children along already.',
    })
  }
  const [name = '', ...rest] = (method ?? methodByShape(value)).split('.')
  return {
    op: 'criterion',
    text,
    method: name,
    arguments: rest,
    value,
    childrensParents: at !== undefined,
    parentsDepth: depthOf(up),
    childrenDepth: depthOf(down),
  }
}

/** What a value without a method means: a path has a slash, or a backslash as a shell of Windows completes it, a file one of the endings, all else is a name. */
function methodByShape(value: string): string {
  if (/[/\\]/.test(value)) return 'path'
  return /\.(sql|py|csv)$/i.test(value) ? 'file' : 'fqn'
}

function depthOf(digits: string | undefined): number | undefined {
  if (digits === undefined) return undefined
  return digits === '' ? Number.POSITIVE_INFINITY : Number(digits)
}
