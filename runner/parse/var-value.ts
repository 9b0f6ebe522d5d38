import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Builtin } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import { callArguments } from './call-arguments.ts'

/**
 * `var('name', default)`, and `var.has_var('name')`.
 * @param onVar told of each variable asked for, found or not.
 */
export function varValue(
  vars: Readonly<Record<string, unknown>>,
  onVar?: (name: string) => void,
): TemplateObject {
  return new TemplateObject('var', {
    call: varFunction(vars, onVar),
    functions: {
      has_var: (call) => {
        const name = String(callArguments('var.has_var', call, ['name'], 1).name)
        onVar?.(name)
        return Object.hasOwn(vars, name)
      },
    },
  })
}

function varFunction(
  vars: Readonly<Record<string, unknown>>,
  onVar: ((name: string) => void) | undefined,
): Builtin {
  return (call) => {
    const found = callArguments('var', call, ['name', 'default'], 1)
    const name = String(found.name)
    onVar?.(name)
    if (Object.hasOwn(vars, name)) return vars[name]
    if ('default' in found) return found.default
    throw new GmError('GM3003', `the variable "${name}" has no value`, {
      at: call.at,
      calledFrom: call.calledFrom,
      hint:
        didYouMean(name, Object.keys(vars)) ??
        `Set it under vars: in project.yml or with --vars, or write var('${name}', a default).`,
    })
  }
}
