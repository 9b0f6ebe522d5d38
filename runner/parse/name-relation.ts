import type { NodeConfig, NodeKind, Relation, Version } from '../manifest/node.ts'
import { nodeId } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { TemplateObject } from '../template/template.ts'
import { sharedScope } from './shared-scope.ts'
import { shortenIdentifier } from './shorten-identifier.ts'

/** What naming may depend on. */
export interface NamedNode {
  readonly kind: NodeKind
  readonly name: string
  /** The name of its relation when nothing else is said; the node's own when not given. */
  readonly alias?: string
  readonly package: string
  readonly fqn: readonly string[]
  readonly config: NodeConfig
  /** The file that it is made from; null for a generic test, which is a line of YAML. */
  readonly file?: string
  readonly version?: Version
}

/**
 * Where a node is built: the configured schema as it is written, else the target's; the alias, else the name.
 * Macros `generate_schema_name(custom_schema_name, node)` and `generate_alias_name(custom_alias_name, node)` decide instead
 * where they exist: those of the node's package, else the project's.
 *
 * A snapshot's `target_schema` is taken as it is written, past all of that.
 *
 * dbt puts the target's schema in front of a configured one; so does gm in a dbt project.
 * @throws GmError of the macros.
 */
export function nameRelation(node: NamedNode, project: Project, templates: Templates): Relation {
  const { schema, alias, target_schema } = node.config
  const target = project.target.schema
  const custom = schema !== undefined && project.isDbt ? `${target}_${schema.trim()}` : schema
  const named = (macro: string, given: string | undefined, otherwise: string): string => {
    const own = namingMacro(macro, node.package, project, templates)
    return shortenIdentifier(
      own === undefined ? otherwise : callNaming(own, given, node, project, templates),
    )
  }
  return {
    schema: target_schema ?? named('generate_schema_name', schema, custom ?? target),
    identifier: named('generate_alias_name', alias, alias ?? node.alias ?? node.name),
  }
}

function namingMacro(
  macro: string,
  owner: string,
  project: Project,
  templates: Templates,
): string | undefined {
  return [`${owner}.${macro}`, `${project.name}.${macro}`].find(
    (name) => templates.findMacro(name) !== undefined,
  )
}

function callNaming(
  macro: string,
  custom: string | undefined,
  node: NamedNode,
  project: Project,
  templates: Templates,
): string {
  const { kind, name, package: owner, fqn, config, file, version } = node
  const parts = version === undefined ? [name] : [name, `v${version}`]
  const object = new TemplateObject('node', {
    values: {
      name,
      unique_id: nodeId(kind, owner, ...parts),
      resource_type: kind,
      original_file_path: file ?? null,
      version: version ?? null,
      meta: config.meta,
      package_name: owner,
      fqn,
      tags: config.tags,
      schema: project.target.schema,
      database: project.target.database,
      alias: node.alias ?? name,
      config: { ...config },
    },
  })
  const scope = sharedScope({ project, templates, package: owner, execute: true })
  return templates
    .callMacro(macro, [custom ?? null, object], {}, scope, { lineMap: false })
    .text.trim()
}
