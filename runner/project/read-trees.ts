import { GmError } from '../base/error.ts'
import type { CheckConfig } from './config-tree.ts'
import { readConfigTree } from './config-tree.ts'
import type { PlaceOf } from './explain-issues.ts'
import type { ResourceConfig } from './project.ts'
import type { ProjectFile } from './project-schema.ts'

/** The keys of project.yml with a tree of configuration by folders, and what each is for. */
export const TREES = {
  models: 'model',
  snapshots: 'snapshot',
  seeds: 'seed',
  sources: 'source',
  analyses: 'analysis',
  exposures: 'exposure',
  data_tests: 'test',
  tests: 'test',
  unit_tests: 'unit_test',
} as const

export interface TreesContext {
  /** The project and its packages: what may stand at the top of a tree. */
  readonly packages: readonly string[]
  readonly check: CheckConfig
  readonly placeOf: PlaceOf
  /** The file's value before its templates were filled in. */
  readonly unrendered: unknown
  readonly errors: GmError[]
}

/** The trees of configuration of a project file (`models:` and its like). Errors go into the context. */
export function readTrees(file: ProjectFile, context: TreesContext): ResourceConfig {
  const { placeOf, errors } = context
  const hasTests = Object.keys(file.tests).length > 0
  if (hasTests && Object.keys(file.data_tests).length > 0) {
    errors.push(
      new GmError('GM1003', 'both "data_tests" and "tests" are given', {
        at: placeOf(['tests']),
        hint: 'Put all of it under data_tests.',
      }),
    )
  }
  const tree = (key: keyof typeof TREES) =>
    readConfigTree(file[key], [key], {
      packages: context.packages,
      placeOf,
      unrendered: context.unrendered,
      errors,
      check: (raw, below) => context.check(TREES[key], raw, below),
    })
  return {
    models: tree('models'),
    snapshots: tree('snapshots'),
    seeds: tree('seeds'),
    sources: tree('sources'),
    analyses: tree('analyses'),
    exposures: tree('exposures'),
    tests: tree(hasTests ? 'tests' : 'data_tests'),
    unitTests: tree('unit_tests'),
  }
}
