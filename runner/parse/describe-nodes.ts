import { codePoints } from '../base/code-points.ts'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { locationAt } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { ColumnInfo, DocsBlock, Node, NodeId } from '../manifest/node.ts'
import { isTemplate } from '../project/render-settings.ts'
import type { Templates } from '../template/create-templates.ts'
import { docsBlocks } from '../template/docs-blocks.ts'
import type { Builtin } from '../template/template.ts'
import { textArguments } from './call-arguments.ts'
import { collecting } from './draft.ts'
import type { ProjectFile } from './read-files.ts'

/**
 * The docs blocks of Markdown files, sorted by package and name.
 * @param errors takes GM2001 for blocks that cannot be read, GM2002 for two of one name in a package.
 */
export function readDocs(files: readonly ProjectFile[], errors: GmError[]): DocsBlock[] {
  const found = new Map<string, DocsBlock>()
  for (const file of files) {
    if (!file.text.includes('docs')) continue
    for (const block of collecting(errors, () => docsBlocks(file)) ?? []) {
      const key = `${file.package}.${block.name}`
      const before = found.get(key)
      if (before === undefined) found.set(key, { ...block, package: file.package })
      else {
        errors.push(
          new GmError('GM2002', `there are two docs blocks of the name "${block.name}"`, {
            at: block.at,
            hint: `The other is at ${before.at.file}:${before.at.line}. Rename one of them.`,
          }),
        )
      }
    }
  }
  return [...found.values()].sort((a, b) =>
    `${a.package}.${a.name}` < `${b.package}.${b.name}` ? -1 : 1,
  )
}

/** What fills in the templates of descriptions: `doc('name')` and `doc('package', 'name')`. */
export interface Descriptions {
  /**
   * @param at of the description's owner.
   * @throws GmError GM2011 no such block, and those of templates.
   */
  render(description: string, owner: string, at: Node['at']): string
}

/**
 * @param root the project's package: its blocks come after those of the text's own package.
 * @param files what the descriptions stand in.
 */
export function descriptions(
  docs: readonly DocsBlock[],
  root: string,
  templates: Templates,
  files: readonly ProjectFile[],
): Descriptions {
  const textOf = new Map(files.map(({ file, text }) => [file, text]))
  const byKey = new Map(docs.map((block) => [`${block.package}.${block.name}`, block]))
  const doc =
    (owner: string): Builtin =>
    (call) => {
      const isQualified = call.args.length === 2
      const found = textArguments('doc', call, isQualified ? ['package', 'name'] : ['name'], 1)
      const { name = '', package: from } = found
      const owners = from === undefined ? [owner, root] : [from]
      const block =
        owners.map((one) => byKey.get(`${one}.${name}`)).find((one) => one !== undefined) ??
        (from === undefined ? docs.find((one) => one.name === name) : undefined)
      if (block !== undefined) return block.text
      throw new GmError('GM2011', `there is no docs block "${name}"`, {
        hint:
          didYouMean(
            name,
            docs.map((one) => one.name),
          ) ?? `Write {% docs ${name} %} … {% enddocs %} in a Markdown file beside the models.`,
      })
    }
  return {
    render(description, owner, at) {
      if (!isTemplate(description)) return description
      const scope = { values: {}, functions: { doc: doc(owner) } }
      try {
        const file = { file: at.file, text: description, package: owner }
        return templates.render(file, scope, { lineMap: false }).text
      } catch (error) {
        if (!(error instanceof GmError)) throw error
        const place = placeInFile(textOf.get(at.file) ?? '', description, error.at, at)
        throw new GmError(error.code, error.message, {
          at: place,
          hint: error.hint,
          cause: error.cause,
        })
      }
    },
  }
}

/** The nodes with what their descriptions, and those of their columns, take from docs blocks. */
export function describeNodes(
  nodes: ReadonlyMap<NodeId, Node>,
  texts: Descriptions,
  errors: GmError[],
): ReadonlyMap<NodeId, Node> {
  const described = new Map<NodeId, Node>()
  for (const [id, node] of nodes) {
    const written = [node.description, ...[...node.columns.values()].map((one) => one.description)]
    described.set(id, node)
    if (!written.some(isTemplate)) continue
    collecting(errors, () => {
      const columns = new Map<string, ColumnInfo>()
      for (const [name, column] of node.columns) {
        const description = texts.render(column.description, node.package, placeOf(node))
        columns.set(name, { ...column, description })
      }
      const description = texts.render(node.description, node.package, placeOf(node))
      described.set(id, { ...node, description, columns })
    })
  }
  return described
}

/** The file that describes the node, by its start where the node itself stands in another. */
function placeOf({ at, describedIn }: Node): Location {
  if (describedIn === undefined || describedIn === at.file) return at
  return { file: describedIn, line: 1, column: 1 }
}

/**
 * Where a mistake in a description stands in its file: where the same words are. Lines of descriptions are not kept, as YAML
 * may fold and escape them; then it is the owner's place.
 */
function placeInFile(
  text: string,
  description: string,
  mistake: Location | undefined,
  owner: Location,
): Location {
  if (mistake === undefined) return owner
  const line = description.split('\n')[mistake.line - 1] ?? ''
  const rest = codePoints(line).slice(mistake.column - 1)
  const [words = ''] = rest.join('').split(')')
  const offset = words === '' ? -1 : text.indexOf(words)
  return offset === -1 ? owner : locationAt(text, offset, owner.file)
}
