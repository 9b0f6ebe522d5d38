import type { BuiltInMacros } from '../template/create-templates.ts'
import { BUILT_IN_PACKAGE, BUILT_IN_TESTS } from './built-in-tests.ts'
import { DBT_MACROS, DBT_PACKAGE } from './dbt-macros.ts'

/** The macros that come with gm: its generic tests, and what dbt's users call as dbt's own. */
export const BUILT_IN_MACROS: BuiltInMacros = {
  [BUILT_IN_PACKAGE]: Object.fromEntries(
    BUILT_IN_TESTS.map((file) => [`test_${file.file.replace('gm:', '')}`, file]),
  ),
  [DBT_PACKAGE]: DBT_MACROS,
}
