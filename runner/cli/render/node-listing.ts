import type { Node } from '../../manifest/node.ts'

export type ListForm = 'selector' | 'name' | 'path' | 'json'

/** The keys of `--output json` when none are asked for. */
export const DEFAULT_KEYS = [
  'unique_id',
  'name',
  'resource_type',
  'package_name',
  'original_file_path',
  'schema',
  'alias',
  'tags',
  'config',
  'depends_on',
] as const

/** A node as `gm ls` prints it, in one line. */
export function nodeListing(node: Node, form: ListForm, keys: readonly string[]): string {
  switch (form) {
    case 'selector':
      // What can be given to --select again.
      if (node.kind === 'source') return `source:${node.package}.${node.sourceName}.${node.name}`
      if (node.kind === 'exposure') return `exposure:${node.package}.${node.name}`
      return node.fqn.join('.')
    case 'name':
      return node.kind === 'source' ? `${node.sourceName}.${node.name}` : node.name
    case 'path':
      return node.at.file
    case 'json':
      return JSON.stringify(pick(describeNode(node), keys.length === 0 ? DEFAULT_KEYS : keys))
  }
}

/** A node under dbt's names, as scripts that read `dbt ls --output json` expect them. */
function describeNode(node: Node): Readonly<Record<string, unknown>> {
  return {
    unique_id: node.id,
    name: node.name,
    resource_type: node.kind,
    package_name: node.package,
    original_file_path: node.at.file,
    fqn: node.fqn,
    description: node.description,
    tags: node.config.tags,
    meta: node.config.meta,
    config: node.config,
    depends_on: { nodes: node.dependsOn },
    columns: [...node.columns.keys()],
    ...('relation' in node
      ? { schema: node.relation.schema, alias: node.relation.identifier }
      : {}),
    ...(node.kind === 'source' ? { source_name: node.sourceName } : {}),
    ...('rawCode' in node ? { raw_code: node.rawCode } : {}),
  }
}

/** The keys that are there; `config.tags` reaches into a value and keeps its dotted name, as in dbt. */
function pick(
  from: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): Readonly<Record<string, unknown>> {
  const picked: Record<string, unknown> = {}
  for (const key of keys) {
    let value: unknown = from
    for (const part of key.split('.')) {
      value = isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined
    }
    if (value !== undefined) picked[key] = value
  }
  return picked
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
