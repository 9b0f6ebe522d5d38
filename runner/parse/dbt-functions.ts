import { hash } from 'node:crypto'
import { dump, load as parseYaml } from 'js-yaml'
import { GmError } from '../base/error.ts'
import type { Builtin, Call } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'
import { plainValue } from './plain-value.ts'

/** Functions of dbt's templates that need nothing but their arguments. */
export const DBT_FUNCTIONS: Readonly<Record<string, Builtin>> = {
  fromjson: reading('fromjson', (text) => JSON.parse(text) as unknown),
  tojson: (call) => {
    const { value, sort_keys: isSorted } = writing('tojson', call)
    return pythonJson(plainValue(value), isSorted === true)
  },
  fromyaml: reading('fromyaml', (text) => parseYaml(text)),
  toyaml: (call) => {
    const { value, sort_keys: isSorted } = writing('toyaml', call)
    return dump(plainValue(value), { sortKeys: isSorted === true, seqNoIndent: true })
  },
  // A set keeps its order here, so that the SQL which it makes is the same in every run.
  set: (call) =>
    unique('set', call) ?? callArguments('set', call, ['value', 'default'], 1)['default'] ?? null,
  set_strict: (call) => unique('set_strict', call) ?? refuse('set_strict', call),
  zip_strict: (call) => {
    if (!call.args.every(Array.isArray)) return refuse('zip_strict', call)
    const lists = call.args as unknown[][]
    const length = Math.min(...lists.map((list) => list.length))
    return Array.from({ length: lists.length === 0 ? 0 : length }, (_, i) =>
      lists.map((list) => list[i]),
    )
  },
  local_md5: (call) => hash('md5', String(callArguments('local_md5', call, ['value'], 1)['value'])),
  joiner: (call) => {
    const { sep = ', ' } = callArguments('joiner', call, ['sep'], 0)
    let isFirst = true
    return new TemplateObject('joiner', {
      call: () => {
        const text = isFirst ? '' : sep
        isFirst = false
        return text
      },
    })
  },
  cycler,
}

function cycler(call: Call): TemplateObject {
  const items = call.args
  let at = 0
  const values = {
    get current() {
      return items[at] ?? null
    },
  }
  return new TemplateObject('cycler', {
    values,
    functions: {
      next: () => {
        const item = items[at] ?? null
        at = (at + 1) % Math.max(1, items.length)
        return item
      },
      reset: () => {
        at = 0
        return ''
      },
    },
  })
}

/** `from…(text, default)`: the default, or none, for what cannot be read, as in dbt. */
function reading(name: string, read: (text: string) => unknown): Builtin {
  return (call) => {
    const { string: text, default: otherwise = null } = callArguments(
      name,
      call,
      ['string', 'default'],
      1,
    )
    try {
      return read(String(text))
    } catch {
      return otherwise
    }
  }
}

function writing(name: string, call: Call): Readonly<Record<string, unknown>> {
  return callArguments(name, call, ['value', 'default', 'sort_keys'], 1)
}

/** JSON as Python writes it: a blank behind colons and commas. */
function pythonJson(value: unknown, isSorted: boolean): string {
  if (Array.isArray(value)) {
    return `[${value.map((item) => pythonJson(item, isSorted)).join(', ')}]`
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    if (isSorted) entries.sort(([a], [b]) => (a < b ? -1 : 1))
    const members = entries.map(
      ([key, item]) => `${JSON.stringify(key)}: ${pythonJson(item, isSorted)}`,
    )
    return `{${members.join(', ')}}`
  }
  return JSON.stringify(value)
}

function unique(name: string, call: Call): unknown[] | undefined {
  const { value } = callArguments(name, call, ['value', 'default'], 1)
  return Array.isArray(value) ? [...new Set(value as unknown[])] : undefined
}

function refuse(name: string, call: Call): never {
  throw new GmError('GM2008', `${name}() takes lists`, {
    at: call.at,
    calledFrom: call.calledFrom,
    hint: `Write ${name}(['a', 'b']).`,
  })
}
