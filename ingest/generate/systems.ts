import type { SYSTEMS } from '../topics/registry.ts'
import { globalmart } from './globalmart/globalmart.ts'
import { learning } from './learning/learning.ts'
import { medallion } from './medallion/medallion.ts'
import type { System } from './system.ts'

/** Every system whose events can be generated. */
export const GENERATED: Readonly<Record<keyof typeof SYSTEMS, System>> = {
  globalmart,
  medallion,
  learning,
}
