import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Contract, NodeConfig } from '../manifest/node.ts'
import type { ResourceProperties } from './properties.ts'

/**
 * What a model promises; undefined where its contract is not enforced.
 * @param file where the model stands, for a model that no YAML describes.
 * @throws GmError or GmErrors GM3009 for a contract that says too little, GM1008 where gm cannot enforce one, GM3013 for
 *   constraints of columns that are not listed.
 */
export function contractOf(
  name: string,
  config: NodeConfig,
  properties: ResourceProperties | undefined,
  file: Location,
): Contract | undefined {
  if (config.contract?.enforced !== true) return undefined
  const { columns = [], constraints = [], at = file } = properties ?? {}
  const errors: GmError[] = []
  const refuse = (message: string, hint: string, place = at): void => {
    errors.push(new GmError('GM3009', message, { at: place, hint }))
  }
  if (columns.length === 0) {
    refuse(
      `the contract of "${name}" lists no columns`,
      'List all columns in the properties YAML, each with its data_type.',
    )
  }
  for (const column of columns) {
    if (column.data_type !== undefined) continue
    refuse(
      `the contract of "${name}" gives "${column.name}" no type`,
      'Add its data_type, such as integer or text.',
      column.at,
    )
  }
  const kind = unsupportedKind(config)
  if (kind !== undefined) {
    errors.push(
      new GmError('GM1008', `gm does not enforce the contract of ${kind}`, {
        at,
        hint: 'Models with a contract are views, tables or incremental models.',
      }),
    )
  }
  const { materialized, on_schema_change: onChange } = config
  if (materialized === 'incremental' && onChange !== 'append_new_columns' && onChange !== 'fail') {
    refuse(
      `"${name}" has a contract, and on_schema_change: ${onChange ?? 'ignore'} would leave its table without a column of it`,
      'Set on_schema_change to append_new_columns or fail.',
    )
  }
  const names = columns.map((column) => column.name)
  for (const constraint of constraints) {
    for (const column of constraint.columns) {
      if (names.includes(column)) continue
      errors.push(
        new GmError('GM3013', `the contract of "${name}" has no column "${column}"`, {
          at: constraint.at,
          hint: didYouMean(column, names),
        }),
      )
    }
  }
  throwAll(errors)
  const isAliased = config.contract.alias_types !== false
  return {
    at,
    columns: columns.map(({ name: column, data_type: type = '', at: place }) => ({
      name: column,
      type: isAliased && type.toLowerCase() === 'string' ? 'text' : type,
      at: place,
    })),
    constraints: [...columns.flatMap((column) => column.constraints), ...constraints],
  }
}

function unsupportedKind(config: NodeConfig): string | undefined {
  if (config.materialization !== undefined) return 'models that a module of the project builds'
  return config.materialized === 'ephemeral' || config.materialized === 'materialized_view'
    ? `models that are ${config.materialized}`
    : undefined
}
