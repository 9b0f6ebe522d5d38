import type { RelationState } from '../engine/adapter.ts'
import type { BuiltNode, CheckingNode, Manifest, NodeId, Relation } from '../manifest/node.ts'
import { isChecking } from '../manifest/node.ts'
import type { LedgerEntry } from '../state/ledger.ts'
import type { Basis } from '../state/read-bases.ts'
import type { Step } from './plan.ts'
import type { Foreseen } from './plan-request.ts'

/** Why a node is reused. */
export const NOTHING_CHANGED = 'nothing that it depends on has changed'
export const NOTHING_NEW = 'nothing is new to it'

interface Question {
  readonly decided: string
  /** It runs whatever has changed. */
  readonly isAsked: boolean
  readonly basis: Basis | undefined
  readonly codes: readonly string[]
  readonly unstable: string | undefined
  readonly foreseen: Foreseen
  readonly manifest: Manifest
}

/** Why a node runs; undefined when it is as its last success left it, and so is all that it was made of. */
export function whetherToRun(
  node: BuiltNode | CheckingNode,
  { decided, isAsked, basis, codes, unstable, foreseen, manifest }: Question,
): { readonly reason: string; readonly mayBeReused: boolean } | undefined {
  const runs = (reason: string): { reason: string; mayBeReused: false } => ({
    reason,
    mayBeReused: false,
  })
  if (isAsked) return runs(decided)
  if (basis === undefined) {
    return runs(isChecking(node) ? 'it has not passed yet' : 'no record of what it was made of')
  }
  if (!codes.includes(basis.code)) {
    return runs(node.kind === 'seed' ? 'its file changed' : 'its code or configuration changed')
  }
  if (unstable !== undefined) return runs(`${unstable} may give something else each time`)
  if (basis.changed !== undefined) return runs(basis.changed)
  const changing = node.dependsOn.find((id) => foreseen.changing.has(id))
  if (changing === undefined) return undefined
  const name = manifest.nodes.get(changing)?.name ?? changing
  return { reason: `its input ${name} is built before it`, mayBeReused: true }
}

/** Whether the relation was made of other code: by its last step, or by its last full build. */
export function codeIs(
  target: RelationState | undefined,
  entry: LedgerEntry | undefined,
  codes: readonly string[],
): Pick<Step, 'codeIs'> {
  if (target === undefined || entry === undefined) return { codeIs: 'new' }
  const isSame = [entry.basis?.code, entry.fingerprint].some(
    (code) => code !== undefined && codes.includes(code),
  )
  return isSame ? {} : { codeIs: 'changed' }
}

export function reusedStep(
  node: BuiltNode | CheckingNode,
  needs: readonly NodeId[],
  relation: Relation | undefined,
  reason = NOTHING_CHANGED,
): Step {
  return {
    id: node.id,
    kind: node.kind,
    action: 'reuse',
    reason,
    needs,
    lock: undefined,
    relation,
    severity: undefined,
    transactions: [],
  }
}
