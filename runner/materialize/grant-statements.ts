import type { RelationState } from '../engine/adapter.ts'
import type { Statement } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'

/**
 * Makes the privileges on a node's relation those of its `grants`, no more and no less; nothing without that key, where
 * privileges stay as they are. Nothing is sent when they are so already.
 * @param target what stood behind the name: its privileges were carried over.
 */
export function grantStatements(
  node: BuiltNode,
  target: RelationState | undefined,
): readonly Statement[] {
  const { grants } = node.config
  if (grants === undefined) return []
  const name = quoted(node.relation)
  const wanted = Object.entries(grants).flatMap(([privilege, grantees]) =>
    grantees.map((grantee) => ({ privilege: privilege.toLowerCase(), grantee: roleName(grantee) })),
  )
  const present = (target?.grants ?? []).flatMap(privilegesOf)
  const has = (
    list: readonly { readonly privilege: string; readonly grantee: string }[],
    one: { readonly privilege: string; readonly grantee: string },
  ): boolean =>
    list.some((other) => other.privilege === one.privilege && other.grantee === one.grantee)
  return [
    ...(target === undefined ? [revokeDefaults(name)] : []),
    ...present
      .filter((one) => !has(wanted, one))
      .map(({ privilege, grantee }) => ({
        purpose: 'revoke',
        sql: `revoke ${privilege} on ${name} from ${grantee}`,
      })),
    ...wanted
      .filter((one) => !has(present, one))
      .map(({ privilege, grantee }) => ({
        purpose: 'grant',
        sql: `grant ${privilege} on ${name} to ${grantee}`,
      })),
  ]
}

function revokeDefaults(relation: string): Statement {
  return {
    purpose: 'revoke default privileges',
    sql: `do ${literal(revokingDefaults([relation]))}`,
  }
}

/**
 * What is new has the default privileges of its schema and its maker, which what it replaces may not have had: a block of PL/pgSQL that
 * takes them.
 */
export function revokingDefaults(relations: readonly string[]): string {
  return `declare
  given record;
begin
  for given in
    select distinct n.name, case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end as grantee
    from unnest(array[${relations.map(literal).join(', ')}]) as n (name)
    join pg_class c on c.oid = n.name::regclass
    cross join aclexplode(c.relacl) x
    where x.grantee <> c.relowner
  loop
    execute format('revoke all on %s from %s', given.name, given.grantee);
  end loop;
end`
}

/** What one of an adapter's `grant a, b on x to y` statements gives, a privilege each. */
function privilegesOf(grant: string): { readonly privilege: string; readonly grantee: string }[] {
  const match = /^grant (.+) on .+ to (.+?)( with grant option)?$/.exec(grant)
  const [, privileges = '', grantee = ''] = match ?? []
  // Commas inside parentheses belong to a list of columns.
  return privileges.split(/, (?![^(]*\))/).map((privilege) => ({ privilege, grantee }))
}

function roleName(grantee: string): string {
  return grantee.toLowerCase() === 'public' ? 'public' : identifier(grantee)
}
