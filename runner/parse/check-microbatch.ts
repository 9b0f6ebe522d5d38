import { GmError, throwAll } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { NodeConfig } from '../manifest/node.ts'

/**
 * Whether a microbatch model has what it is divided into batches by. Other models have nothing to be checked.
 * @throws GmError or GmErrors GM3009 for what is missing.
 */
export function checkMicrobatch(name: string, at: Location, config: NodeConfig): void {
  const { materialized, incremental_strategy, event_time, batch_size, begin } = config
  if (materialized !== 'incremental' || incremental_strategy !== 'microbatch') return
  const errors: GmError[] = []
  const refuse = (key: string, hint: string): void => {
    errors.push(new GmError('GM3009', `the microbatch model "${name}" has no ${key}`, { at, hint }))
  }
  if (event_time === undefined)
    refuse('event_time', 'Name the column of its query with the time by which it is divided.')
  if (batch_size === undefined)
    refuse('batch_size', 'Set how long a batch is: hour, day, month or year.')
  if (begin === undefined)
    refuse('begin', "Set when the first batch begins, such as begin: '2024-01-01'.")
  throwAll(errors)
}
