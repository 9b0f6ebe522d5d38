import { storedAs, storeFailures } from '../check/store-failures.ts'
import { testStatement } from '../check/test-statement.ts'
import { findUnstable } from '../compile/find-unstable.ts'
import type { NodeId, TestNode } from '../manifest/node.ts'
import { isBuilt } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { incrementCode } from '../materialize/record-build.ts'
import { recordTest } from '../state/ledger.ts'
import { compileState } from './compile-state.ts'
import type { Step } from './plan.ts'
import type { Foreseen, PlanRequest, Warehouse } from './plan-request.ts'
import { reusedStep, whetherToRun } from './whether-to-run.ts'

/**
 * A test over several nodes may be selected with one of them while another was never built. Then there is nothing to
 * test yet, and the step has no transactions: it is skipped, and says what is missing.
 */
export function planTest(
  node: TestNode,
  needs: readonly NodeId[],
  request: PlanRequest,
  warehouse: Warehouse,
  foreseen: Foreseen,
): Step {
  const compiled = request.compile(node, compileState(node, false, request, warehouse))
  const missing = compiled.inputs.find(({ id, relation }) => {
    const input = request.manifest.nodes.get(id)
    const name = quoted(relation)
    return (
      input !== undefined &&
      isBuilt(input) &&
      !warehouse.relations.has(name) &&
      !foreseen.made.has(name)
    )
  })
  const form = storedAs(node, request.storeFailures)
  const stores = form === undefined ? undefined : request.failuresRelation(node)
  const statement = testStatement(node, compiled)
  const code = `${statement.sql}\n${form ?? ''} ${stores === undefined ? '' : quoted(stores)}`
  const codes = [incrementCode({ fingerprint: compiled.fingerprint, sql: code })]
  const run = whetherToRun(node, {
    decided: missing === undefined ? 'selected' : `${quoted(missing.relation)} is not built yet`,
    isAsked: request.reuse !== 'all' || missing !== undefined,
    basis: warehouse.ledger.passes.get(node.id),
    codes,
    unstable: findUnstable(statement.sql, warehouse.ledger.functions),
    foreseen,
    manifest: request.manifest,
  })
  if (run === undefined) return reusedStep(node, needs, undefined)
  return {
    id: node.id,
    kind: 'test',
    action: 'run test',
    reason: run.reason,
    needs,
    lock: undefined,
    relation: undefined,
    severity: request.doWarningsFail === true ? 'strict' : (node.config.severity ?? 'error'),
    codes,
    ...(stores !== undefined && missing === undefined && { stores }),
    ...(run.mayBeReused && { reuse: { key: node.id, codes } }),
    transactions:
      missing === undefined
        ? [
            {
              name: 'query',
              // What the test read and what is recorded of it come from one pg_snapshot.
              isolation: 'repeatable read',
              locks: [],
              statements: [
                ...(form === undefined || stores === undefined
                  ? [statement]
                  : storeFailures(node, compiled, form, stores)),
                ...codes.map((code) => recordTest(request.runId, node.id, code)),
              ],
            },
          ]
        : [],
  }
}
