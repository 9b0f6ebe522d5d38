import type { Expr, Uses } from './syntax.ts'

/** Names that a macro's body gets without a parameter; naming one is what makes the macro accept it. */
const IMPLICIT = new Set(['varargs', 'kwargs', 'caller'])

/** The names that a template or macro uses, while it is read. */
export interface UsedNames extends Uses {
  readonly names: Set<string>
  readonly members: Set<string>
  readonly dispatched: Set<string>
}

/** Before anything is read. */
export function noUsedNames(): UsedNames {
  return { names: new Set(), members: new Set(), dispatched: new Set() }
}

/** Adds what an expression itself, without its parts, says by name: a name, a member, a dispatched macro. */
export function addUsedNames(uses: UsedNames, node: Expr): void {
  if (node.kind === 'attribute' && node.target.kind === 'name') {
    uses.members.add(`${node.target.name}.${node.name}`)
  }
  if (node.kind === 'name') uses.names.add(node.name)
  if (node.kind === 'call' && node.callee.kind === 'attribute' && node.callee.name === 'dispatch') {
    const first =
      node.args.positional[0] ?? node.args.named.find((n) => n.name === 'macro_name')?.value
    if (first?.kind === 'const' && typeof first.value === 'string') uses.dispatched.add(first.value)
  }
}

/** Adds what a macro uses to what the text around it does. */
export function addUsedNamesOfMacro(outer: UsedNames, macro: Uses): void {
  for (const name of macro.names) if (!IMPLICIT.has(name)) outer.names.add(name)
  for (const member of macro.members) outer.members.add(member)
  for (const name of macro.dispatched) outer.dispatched.add(name)
}
