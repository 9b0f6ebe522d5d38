import { GmError } from '../base/error.ts'
import type { TestNode } from '../manifest/node.ts'
import { identifier, literal } from '../manifest/quoted.ts'
import { BUILT_IN_PACKAGE } from '../parse/built-in-tests.ts'
import { callArguments } from '../parse/call-arguments.ts'
import { inputOfArgument } from '../parse/generic-test.ts'
import { namesOf, resolveRef, resolveSource } from '../parse/resolve-input.ts'
import { textOf } from '../parse/text-of.ts'
import { lineMap } from '../template/line-map.ts'
import type { Rendered, Scope } from '../template/template.ts'
import { TemplateObject } from '../template/template.ts'
import type { CompileContext, compileScope } from './compile-scope.ts'
import { testedHistory } from './tested-history.ts'

/** The query for the rows that fail a generic test: a call of the test's macro with the arguments from the YAML. */
export function renderGenericTest(
  context: CompileContext,
  node: GenericTest,
  scope: ReturnType<typeof compileScope>,
): Rendered {
  const { templates } = context
  const { generic } = node
  const macro = templates.findMacro(macroName(generic.name))
  const isBuiltIn = macro?.package === BUILT_IN_PACKAGE
  const kwargs: Record<string, unknown> = { model: modelUnderTest(node, scope) }
  if (generic.column !== undefined) kwargs.column_name = generic.column
  for (const [name, value] of Object.entries(generic.arguments)) {
    kwargs[name] = argumentValue(context, node, scope, value)
  }
  const inner: Scope = isBuiltIn ? withQuoting(context, node, scope) : scope
  try {
    const rendered = templates.callMacro(macroName(generic.name), [], kwargs, inner)
    // The macro is gm's own: what the database says about it is about the entry in the YAML.
    if (isBuiltIn || rendered.lines.segments.length === 0) {
      return { text: rendered.text, lines: lineMap([{ offset: 0, at: node.at }]) }
    }
    return rendered
  } catch (error) {
    if (!(error instanceof GmError)) throw error
    const { at, code, message, hint, cause, calledFrom } = error
    throw isBuiltIn || at === undefined
      ? new GmError(code, message, { at: node.at, hint, cause })
      : new GmError(code, message, { at, calledFrom: [...calledFrom, node.at], hint, cause })
  }
}

type GenericTest = TestNode & { readonly generic: NonNullable<TestNode['generic']> }

/** `not_null` → `test_not_null`, `dates.no_gap` → `dates.test_no_gap`. */
function macroName(test: string): string {
  const dot = test.lastIndexOf('.')
  return `${test.slice(0, dot + 1)}test_${test.slice(dot + 1)}`
}

/** The relation, or its rows that meet the configured `where`. */
function modelUnderTest(node: GenericTest, scope: ReturnType<typeof compileScope>): TemplateObject {
  const relation = scope.refer(node.generic.on)
  const { where } = node.config
  if (where === undefined) return relation
  // On lines of its own, so that a comment at the end of the condition does no harm.
  return new TemplateObject('relation', {
    text: `(select * from ${relation.text ?? ''} where\n${where}\n) as tested`,
    values: relation.values,
  })
}

function argumentValue(
  { manifest, templates }: CompileContext,
  node: TestNode,
  scope: ReturnType<typeof compileScope>,
  value: unknown,
): unknown {
  const input = inputOfArgument(value, node.at)
  if (input !== undefined) {
    const names = namesOf(manifest)
    return scope.refer(
      input.kind === 'ref' ? resolveRef(names, input, node) : resolveSource(names, input, node),
    )
  }
  if (typeof value !== 'string' || !value.includes('{{')) return value
  return templates.evaluate({ file: node.at.file, text: value, package: node.package }, scope)
}

/** What the built-in tests write names and values with. */
function withQuoting(context: CompileContext, node: GenericTest, scope: Scope): Scope {
  const { column } = node.generic
  return {
    values: scope.values,
    functions: {
      ...scope.functions,
      // A name from `columns:` is a name whatever it looks like; an argument may also be an expression.
      gm_identifier: (call) => {
        const name = textOf(callArguments('gm_identifier', call, ['name'], 1).name)
        return name === column || /^[A-Za-z_]\w*$/.test(name) ? identifier(name) : name
      },
      gm_history: (call) => {
        const names = ['unique_key', 'valid_from', 'valid_to', 'open_end', 'allow_gaps']
        const given = callArguments('gm_history', call, names, names.length)
        return testedHistory(given, context.manifest.nodes.get(node.generic.on), node)
      },
      gm_literals: (call) => {
        const { values, quote } = callArguments('gm_literals', call, ['values', 'quote'], 2)
        if (!Array.isArray(values) || values.length === 0) {
          throw new GmError('GM2008', '"values" must be a list with at least one value', {
            hint: 'Write values: [a, b].',
          })
        }
        // `not in` with a null among its values would never fail.
        const given = (values as unknown[]).filter((value) => value !== null)
        return given
          .map((value) => (quote === false ? textOf(value) : literal(textOf(value))))
          .join(', ')
      },
    },
  }
}
