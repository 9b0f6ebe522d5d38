import type { Node, NodeKind } from '../../manifest/node.ts'
import type { Project } from '../../project/project.ts'

const FOLDERS = {
  model: 'models',
  snapshot: 'snapshots',
  seed: 'seeds',
  test: 'tests',
  unit_test: undefined,
  source: undefined,
  analysis: 'analyses',
  exposure: undefined,
} as const satisfies Record<NodeKind, keyof Project['paths'] | undefined>

/** dbt's `path`: below the folder of its kind; a file of its own name for a test from YAML. */
export function pathBelow(node: Node, project: Project): string {
  if (node.kind === 'test' && node.generic !== undefined) return `${node.name}.sql`
  const kind = FOLDERS[node.kind]
  if (kind === undefined) return node.at.file
  const own = project.packages.find(({ name }) => name === node.package) ?? project
  const folder = own.paths[kind].find((name) => node.at.file.startsWith(`${name}/`))
  return folder === undefined ? node.at.file : node.at.file.slice(folder.length + 1)
}
