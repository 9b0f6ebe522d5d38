import { GmError } from '../base/error.ts'
import type { CompileState } from '../compile/compiled.ts'
import { transactionControl } from '../compile/transaction-control.ts'
import type { BuiltNode, HookConfig } from '../manifest/node.ts'
import type { Hook, NodeHooks } from '../materialize/complete-build.ts'
import type { PlanRequest } from './plan-request.ts'

/** Hooks run each time: what they do is not gm's to know. */
export function hasHooks({ config }: BuiltNode): boolean {
  return config.pre_hook !== undefined || config.post_hook !== undefined
}

export function renderHooks(
  node: BuiltNode,
  state: CompileState,
  { compileText }: PlanRequest,
): NodeHooks {
  const render = (hooks: readonly HookConfig[] | undefined): Hook[] =>
    (hooks ?? [])
      .map(({ sql, transaction }) => ({ sql: compileText(node, sql, state), transaction }))
      .filter(({ sql }) => sql !== '')
  const { pre_hook, post_hook, sql_header } = node.config
  const pre = render(pre_hook)
  const post = render(post_hook)
  const header = sql_header === undefined ? undefined : compileText(node, sql_header, state)
  refuseControl('a pre_hook', pre, node)
  if (header !== undefined) refuseControl('sql_header', [{ sql: header, transaction: true }], node)
  refuseControl('a post_hook', post, node)
  return { pre, post, header }
}

/** The transaction around them is gm's: what stands behind a commit of theirs would be written in none. */
function refuseControl(what: string, hooks: readonly Hook[], { at, name }: BuiltNode): void {
  for (const { sql, transaction } of hooks) {
    const control = transaction ? transactionControl(sql) : undefined
    if (control === undefined) continue
    throw new GmError(
      'GM3009',
      `${what} of "${name}" says "${control}" inside the transaction of the build`,
      { at, hint: what === 'sql_header' ? CONTROL_IN_HEADER : CONTROL_IN_HOOK },
    )
  }
}

const CONTROL_IN_HEADER =
  'gm begins and ends that transaction: leave it out, or say it in a hook with transaction: false.'
const CONTROL_IN_HOOK =
  'gm begins and ends that transaction: leave it out, or let the hook run outside of it, with transaction: false.'
