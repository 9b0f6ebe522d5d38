import type { NodeConfig, Relation } from '../manifest/node.ts'
import { shortenIdentifier } from './shorten-identifier.ts'

/**
 * Where a node is built: the configured schema as it is written, else the target's; the alias, else the name. dbt puts
 * the target's schema in front of a configured one; a project that wants that defines `generate_schema_name`.
 */
export function nameRelation(
  name: string,
  config: Pick<NodeConfig, 'schema' | 'alias'>,
  targetSchema: string,
): Relation {
  return {
    schema: shortenIdentifier(config.schema ?? targetSchema),
    identifier: shortenIdentifier(config.alias ?? name),
  }
}
