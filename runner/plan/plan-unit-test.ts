import { unitTestStatement } from '../check/unit-test-statement.ts'
import { findUnstable } from '../compile/find-unstable.ts'
import type { NodeId, UnitTestNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { incrementCode } from '../materialize/record-build.ts'
import { recordTest } from '../state/ledger.ts'
import { compileState } from './compile-state.ts'
import type { Step } from './plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { NOTHING_FORESEEN } from './plan-request.ts'
import { reusedStep, whetherToRun } from './whether-to-run.ts'

/**
 * A unit test's step. The rows that are given take the types of what stands behind their inputs' names, so where steps before
 * this one make those anew it is planned when its turn comes. That it passed holds while its query, in which all given rows
 * stand, is the same: no table is read.
 */
export function planUnitTest(
  node: UnitTestNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Step {
  const common = {
    id: node.id,
    kind: 'unit_test',
    action: 'run unit test',
    needs,
    lock: undefined,
    relation: undefined,
    severity: 'error',
  } as const
  const isLate = node.given.some(({ input }) => input !== node.on && foreseen.changing.has(input))
  if (isLate) return { ...common, reason: 'selected', transactions: [], isPlannedLate: true }
  const compiled = request.compile(node, {
    ...compileState(node, false, request, warehouse),
    columnsOf: (relation) => warehouse.relations.get(quoted(relation))?.columns,
  })
  const statement = unitTestStatement(compiled)
  const code = incrementCode({ fingerprint: compiled.fingerprint, sql: statement.sql })
  const run = whetherToRun(node, {
    decided: 'selected',
    isAsked: request.reuse !== 'all',
    basis: warehouse.ledger.passes.get(node.id),
    codes: [code],
    unstable: findUnstable(statement.sql, warehouse.ledger.functions),
    foreseen: NOTHING_FORESEEN,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, undefined)
  return {
    ...common,
    reason: run.reason,
    codes: [code],
    transactions: [
      {
        name: 'query',
        isolation: 'repeatable read',
        locks: [],
        statements: [statement, recordTest(request.runId, node.id, code)],
      },
    ],
  }
}
