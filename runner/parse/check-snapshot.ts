import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { NodeConfig } from '../manifest/node.ts'

const STRATEGIES = 'timestamp and check look at rows as they are, events reads a log'

/**
 * Whether a snapshot has what its strategy needs.
 * @throws GmError or GmErrors GM3009 for what is missing or has no meaning.
 */
export function checkSnapshot(name: string, at: Location, config: NodeConfig): void {
  const errors: GmError[] = []
  const refuse = (message: string, hint: string): void => {
    errors.push(new GmError('GM3009', `the snapshot "${name}" ${message}`, { at, hint }))
  }
  const { strategy, unique_key, updated_at, check_cols } = config
  if (strategy === undefined) refuse('has no strategy', `Set strategy: ${STRATEGIES}.`)
  if (unique_key.length === 0)
    refuse('has no unique_key', 'Name the column, or the list of columns, that tells rows apart.')
  if (updated_at === undefined && (strategy === 'timestamp' || strategy === 'events'))
    refuse('has no updated_at', `Name the column with the time; strategy ${strategy} goes by it.`)
  if (check_cols === undefined && (strategy === 'check' || strategy === 'events'))
    refuse('has no check_cols', 'List the columns whose change opens a version.')
  if (check_cols === 'all' && strategy === 'events')
    refuse(
      'has check_cols: all',
      'With strategy events, list the columns whose change opens a version.',
    )
  const polls = [
    config.hard_deletes,
    config.dbt_valid_to_current,
    config.snapshot_meta_column_names,
  ]
  if (strategy === 'events' && polls.some((given) => given !== undefined))
    refuse(
      'has configuration that strategy events has no use for',
      'hard_deletes, dbt_valid_to_current and snapshot_meta_column_names belong to timestamp and check.',
    )
  throwAll(errors)
}
