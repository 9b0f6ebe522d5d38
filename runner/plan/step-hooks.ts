import type { CompileState } from '../compile/compiled.ts'
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
  return {
    pre: render(pre_hook),
    post: render(post_hook),
    header: sql_header === undefined ? undefined : compileText(node, sql_header, state),
  }
}
