import type { Statement, Transaction } from '../engine/statement.ts'
import type { BuiltNode } from '../manifest/node.ts'
import { quoted } from '../manifest/quoted.ts'
import { recordHooksLeft } from '../state/ledger.ts'
import { ATTACH, NOTE } from './carry-attached.ts'
import { COPY_MADE, FORGET_MADE, markMade } from './carry-made.ts'
import { commentStatements } from './comment-statements.ts'
import { makesDependent } from './dependent-views.ts'
import { grantStatements } from './grant-statements.ts'
import type { Materials } from './materialize.ts'
import { PUBLISH } from './publish-table.ts'

/** A rendered hook: SQL of the user's, one statement or several. */
export interface Hook {
  readonly sql: string
  /** Whether it belongs to the build's transaction; `vacuum` and its like cannot. */
  readonly transaction: boolean
}

export interface NodeHooks {
  readonly pre: readonly Hook[]
  readonly post: readonly Hook[]
  /** Sent in front of the build, in its transaction. */
  readonly header: string | undefined
}

/**
 * A node's work with all that its configuration adds: hooks, privileges and comments, in the very transaction that
 * writes or publishes the relation, so that nobody ever sees it without them.
 * @param checks what must hold before anything is written.
 */
export function completeBuild(
  transactions: readonly Transaction[],
  node: BuiltNode,
  materials: Materials,
  hooks: NodeHooks,
  checks: readonly Statement[] = [],
): readonly Transaction[] {
  const before: Statement[] = [
    ...hooks.pre.filter(isInside).map((hook) => statementOf('pre-hook', hook.sql)),
  ]
  if (hooks.header !== undefined) before.push(statementOf('sql header', hooks.header))
  before.push(...checks)
  const first = transactions.findIndex(({ name }) => MAIN.has(name))
  const last = transactions.findLastIndex(({ statements }) => statements.some(isRecord))
  const own = hooks.post.filter(isInside).map((hook) => statementOf('post-hook', hook.sql))
  const later = hooks.post.filter((hook) => !isInside(hook)).length
  const isLeftToHooks = later > 0
  const maySet = hooks.header !== undefined || hooks.pre.length > 0 || own.length > 0
  const isNew = transactions[last]?.statements.some(({ purpose }) => purpose === PUBLISH) === true
  const after = [
    ...grantStatements(node, materials.target),
    ...commentStatements(node),
    ...own,
    ...(isNew && own.length > 0 ? [markMade(quoted(node.relation))] : []),
    ...(isNew && isLeftToHooks ? [FORGET_MADE] : []),
    ...(maySet ? [OWN_PATH] : []),
  ]
  const step = {
    runId: materials.runId,
    nodeId: node.id,
    relation: quoted(node.relation),
  }
  return [
    ...outside('pre-hook', hooks.pre),
    ...transactions.map((transaction, i) => {
      let { statements } = transaction
      if (isLeftToHooks) statements = statements.filter(({ purpose }) => purpose !== COPY_MADE)
      if (i === first) statements = insertAt(statements, firstFree(statements), before)
      if (i === last) {
        if (maySet) statements = statements.flatMap(inOwnPath)
        statements = insertAt(statements, statements.findIndex(isAfterHooks), after)
        if (later > 0) statements = [...statements, recordHooksLeft(step, later)]
      }
      return { ...transaction, statements }
    }),
    ...hooksAfter(hooks.post, step),
  ]
}

/** The post-hooks that come after the step's own transactions, each with a record of how many are still to come behind it. */
export function hooksAfter(
  post: readonly Hook[],
  step: Parameters<typeof recordHooksLeft>[0],
): readonly Transaction[] {
  const later = outside('post-hook', post)
  return later.flatMap((hook, i) => [
    hook,
    {
      name: 'hook' as const,
      isolation: 'read committed' as const,
      locks: [],
      statements: [...AS_BEFORE_HOOKS, recordHooksLeft(step, later.length - i - 1)],
    },
  ])
}

/** A hook may have taken on another role for those that follow it, which need not be allowed to write to the ledger. */
const AS_BEFORE_HOOKS: readonly Statement[] = [
  { purpose: 'role', sql: 'set local session authorization default' },
  { purpose: 'role', sql: 'set local role to default' },
]

/** What gm makes again it has read without what a header or hook may have set: a name without its schema would be another's. */
const OWN_PATH: Statement = { purpose: 'own path', sql: 'set local search_path to default' }

function inOwnPath(statement: Statement): readonly Statement[] {
  if (statement.purpose !== NOTE) return [statement]
  const path = (to: string, from: string): Statement => ({
    purpose: 'own path',
    sql: `select set_config('${to}', current_setting('${from}'), true)`,
  })
  return [
    path('gm.search_path', 'search_path'),
    OWN_PATH,
    statement,
    path('search_path', 'gm.search_path'),
  ]
}

/** What a batch sends in front of its query, in its own transaction and perhaps on another connection. */
export function withHeader(transaction: Transaction, { header }: NodeHooks): Transaction {
  if (header === undefined) return transaction
  const { statements } = transaction
  const sent = [statementOf('sql header', header)]
  return { ...transaction, statements: insertAt(statements, firstFree(statements), sent) }
}

const MAIN: ReadonlySet<string> = new Set(['build', 'write', 'publish'])

/** Views on the relation may read what a hook adds to it, and hooks may attach what others have attached before. */
function isAfterHooks(statement: Statement): boolean {
  return makesDependent(statement) || statement.purpose === ATTACH || isRecord(statement)
}

/** The record of a step says that everything before it is done. */
function isRecord(statement: Statement): boolean {
  return statement.purpose === 'record step'
}

/** The guard must be a transaction's first query. */
function firstFree(statements: readonly Statement[]): number {
  return statements[0]?.guard === undefined ? 0 : 1
}

function insertAt(
  statements: readonly Statement[],
  index: number,
  more: readonly Statement[],
): readonly Statement[] {
  return statements.toSpliced(index, 0, ...more)
}

function isInside({ transaction }: Hook): boolean {
  return transaction
}

function outside(purpose: string, hooks: readonly Hook[]): Transaction[] {
  return hooks
    .filter((hook) => !hook.transaction)
    .map(({ sql }) => ({
      name: 'hook',
      isolation: 'none',
      locks: [],
      statements: [statementOf(purpose, sql)],
    }))
}

function statementOf(purpose: string, sql: string): Statement {
  return { purpose, sql, isUsers: true }
}
