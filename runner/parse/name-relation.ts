import type { NodeConfig, NodeKind, Relation } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import { TemplateObject } from '../template/template.ts'
import { sharedScope } from './shared-scope.ts'
import { shortenIdentifier } from './shorten-identifier.ts'

/** What naming may depend on. */
export interface NamedNode {
  readonly kind: NodeKind
  readonly name: string
  readonly package: string
  readonly fqn: readonly string[]
  readonly config: NodeConfig
}

/**
 * Where a node is built: the configured schema as it is written, else the target's; the alias, else the name.
 * A project's macros `generate_schema_name(custom_schema_name, node)` and `generate_alias_name(custom_alias_name, node)`
 * decide instead where they exist.
 *
 * dbt puts the target's schema in front of a configured one; a project that wants that defines the macro.
 * @throws GmError of the macros.
 */
export function nameRelation(node: NamedNode, project: Project, templates: Templates): Relation {
  const { schema, alias } = node.config
  const named = (macro: string, custom: string | undefined, otherwise: string): string =>
    shortenIdentifier(
      templates.findMacro(macro) === undefined
        ? (custom ?? otherwise)
        : callNaming(macro, custom, node, project, templates),
    )
  return {
    schema: named('generate_schema_name', schema, project.target.schema),
    identifier: named('generate_alias_name', alias, node.name),
  }
}

function callNaming(
  macro: string,
  custom: string | undefined,
  node: NamedNode,
  project: Project,
  templates: Templates,
): string {
  const { kind, name, package: owner, fqn, config } = node
  const object = new TemplateObject('node', {
    values: {
      name,
      resource_type: kind,
      package_name: owner,
      fqn,
      tags: config.tags,
      config: { ...config },
    },
  })
  const scope = sharedScope({ project, templates, execute: true })
  return templates
    .callMacro(macro, [custom ?? null, object], {}, scope, { lineMap: false })
    .text.trim()
}
