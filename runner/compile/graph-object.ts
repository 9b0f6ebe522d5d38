import type { Manifest, Node, TestNode } from '../manifest/node.ts'
import { isReadable } from '../manifest/node.ts'
import { TemplateObject } from '../template/template.ts'

/** `graph` in templates: all nodes by id as dbt lists them, put together when a template asks. */
export function graphObject(manifest: Manifest): TemplateObject {
  const pick = (takes: (node: Node) => boolean): Readonly<Record<string, unknown>> =>
    Object.fromEntries(
      [...manifest.nodes.values()].filter(takes).map((node) => [node.id, describe(node)]),
    )
  return new TemplateObject('graph', {
    values: {
      get nodes() {
        return pick((node) => node.kind !== 'source' && node.kind !== 'exposure')
      },
      get sources() {
        return pick((node) => node.kind === 'source')
      },
      get exposures() {
        return pick((node) => node.kind === 'exposure')
      },
      get groups() {
        return Object.fromEntries(
          [...manifest.groups.values()].map(({ name, package: owner, description }) => [
            `group.${owner}.${name}`,
            { name, package_name: owner, description },
          ]),
        )
      },
      metrics: {},
    },
  })
}

function describe(node: Node): Readonly<Record<string, unknown>> {
  return {
    unique_id: node.id,
    name: node.name,
    resource_type: node.kind,
    package_name: node.package,
    original_file_path: node.at.file,
    path: node.at.file,
    fqn: node.fqn,
    description: node.description,
    tags: node.config.tags,
    meta: node.config.meta,
    config: { ...node.config },
    depends_on: { nodes: node.dependsOn },
    columns: columnsObject(node),
    ...(isReadable(node) && {
      schema: node.relation.schema,
      alias: node.relation.identifier,
      identifier: node.relation.identifier,
    }),
    ...(node.kind === 'test' &&
      node.generic !== undefined && { test_metadata: testOf(node.generic) }),
    ...(node.kind === 'source' && { source_name: node.sourceName }),
  }
}

/** Which generic test it is. A singular test has none of it, by which templates tell the two apart. */
function testOf({ name, arguments: given, column }: NonNullable<TestNode['generic']>) {
  const parts = name.split('.')
  return {
    name: parts.at(-1) ?? name,
    namespace: parts.length > 1 ? (parts[0] ?? null) : null,
    kwargs: { ...given, ...(column !== undefined && { column_name: column }) },
  }
}

/** The described columns of a node by name, as dbt has them in its graph. */
export function columnsObject(node: Node): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...node.columns].map(([name, { description, data_type = null }]) => [
      name,
      { name, description, data_type },
    ]),
  )
}
