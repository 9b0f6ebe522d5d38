import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import type { MacroFile } from '../template/template.ts'
import type { Token } from './template-tags.ts'
import { templateTags } from './template-tags.ts'

/** A generic test's head: `{% test name(model, column_name, at_least=0) %}`. */
export interface TestDefinition {
  readonly name: string
  readonly package: string
  readonly at: Location
  readonly parameters: readonly { readonly name: string; readonly isOptional: boolean }[]
}

/** The generic tests that macro files define, in file order. */
export function testDefinitions(files: readonly MacroFile[]): readonly TestDefinition[] {
  const found: TestDefinition[] = []
  for (const { file, text, package: owner } of files) {
    if (!text.includes('test')) continue
    for (const tag of templateTags(text)) {
      const words = tag.tokens.filter((token) => token.text !== '-' && token.text !== '+')
      const [keyword, name] = words
      if (!tag.isStatement || name === undefined) continue
      if (keyword?.text !== 'test' && keyword?.text !== 'data_test') continue
      found.push({
        name: name.text,
        package: owner,
        at: locationAt(text, name.offset, file),
        parameters: parametersOf(tag.tokens.slice(tag.tokens.indexOf(name) + 1)),
      })
    }
  }
  return found
}

/** Generic tests by name: a package's own, else the project's, else gm's; any other as `package.name`. */
export interface TestDefinitions {
  find(name: string, owner: string): TestDefinition | undefined
  /** What can be written in a properties file of the package. */
  names(owner: string): string[]
}

/** @param root the project's package. */
export function indexTests(
  definitions: readonly TestDefinition[],
  root: string,
  builtIn: string,
): TestDefinitions {
  const found = new Map<string, TestDefinition>()
  for (const one of definitions) found.set(`${one.package}.${one.name}`, one)
  const bare = (owner: string) => [owner, root, builtIn]
  return {
    find: (name, owner) =>
      found.get(name) ??
      bare(owner)
        .map((from) => found.get(`${from}.${name}`))
        .find((one) => one !== undefined),
    names: (owner) =>
      definitions.map((one) =>
        bare(owner).includes(one.package) ? one.name : `${one.package}.${one.name}`,
      ),
  }
}

/** The names before a comma or the closing parenthesis, at the outermost level. */
function parametersOf(tokens: readonly Token[]): { name: string; isOptional: boolean }[] {
  const parameters: { name: string; isOptional: boolean }[] = []
  let depth = 0
  for (const [i, { text }] of tokens.entries()) {
    if ('([{'.includes(text)) depth += 1
    else if (')]}'.includes(text)) depth -= 1
    else if (depth === 1 && /^[A-Za-z_]/.test(text)) {
      const before = tokens[i - 1]?.text
      if (before === '(' || before === ',') {
        parameters.push({ name: text, isOptional: tokens[i + 1]?.text === '=' })
      }
    }
  }
  return parameters
}
