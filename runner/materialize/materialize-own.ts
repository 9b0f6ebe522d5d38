import { GmError } from '../base/error.ts'
import type { Compiled } from '../compile/compiled.ts'
import { transactionControl } from '../compile/transaction-control.ts'
import type { RelationState } from '../engine/adapter.ts'
import { aroundUserSql } from '../engine/around-user-sql.ts'
import type { Statement } from '../engine/statement.ts'
import { describeConfig } from '../manifest/describe-config.ts'
import type { ModelNode } from '../manifest/node.ts'
import { identifier, literal, quoted } from '../manifest/quoted.ts'
import { moveMarks, XID_COLUMN } from '../state/marks.ts'
import { analyzeAfter } from './analyze-after.ts'
import { withoutTracking } from './compare-columns.ts'
import { countExtracted } from './count-extracted.ts'
import { guardTarget } from './guard-target.ts'
import { hiddenName } from './hidden-name.ts'
import type { Materialization, Materials } from './materialize.ts'
import { readThroughChanges } from './materialize-incremental.ts'
import type { OwnBuild, OwnMaterializer, OwnStatement } from './own-materialization.ts'
import {
  attachAround,
  buildAndPublish,
  followInputs,
  removeTarget,
  restoreAround,
  SWAP_LOCK_TIMEOUT_MS,
  swapLocks,
} from './publish-table.ts'
import { recordBuild } from './record-build.ts'

/** What a module of the project is asked, besides the node. */
interface Question {
  readonly isIncremental: boolean
  readonly target: RelationState | undefined
  readonly engine: OwnBuild['engine']
}

/**
 * The statements with which a module of the project builds a model.
 * @throws GmError GM1015 for what is not gm's to send in a transaction of its own; what the module itself throws.
 */
export function ownStatements(
  node: ModelNode,
  compiled: Compiled,
  materializer: OwnMaterializer,
  { isIncremental, target, engine }: Question,
): readonly Statement[] {
  const isAside = node.config.materialized !== 'view' && !isIncremental
  const { statements } = materializer({
    node: {
      id: node.id,
      name: node.name,
      config: describeConfig(node),
      relation: node.relation,
      columns: [...node.columns.keys()],
    },
    sql: compiled.sql,
    into: quoted(isAside ? hiddenName(node.relation) : node.relation),
    isIncremental,
    existing:
      target === undefined
        ? undefined
        : { type: target.type, columns: withoutTracking(target.columns) },
    engine,
    quote: identifier,
    literal,
  })
  return statements.map((given) =>
    statementOf(typeof given === 'string' ? { sql: given } : given, node, compiled),
  )
}

function statementOf(
  { purpose = 'build', sql, counts }: OwnStatement,
  node: ModelNode,
  compiled: Compiled,
): Statement {
  // The beginning and the end are gm's: with another's, a failure would leave half a build behind.
  if (transactionControl(sql) !== undefined) {
    throw new GmError('GM1015', `"${sql.trim()}" is not a statement that a materialization sends`, {
      at: node.at,
      hint: 'Its statements run in one transaction, which gm begins and ends.',
    })
  }
  const counted = counts === undefined ? {} : { counts }
  const at = sql.indexOf(compiled.sql)
  if (at === -1) return { purpose, sql, isUsers: true, ...counted }
  const head = sql.slice(0, at)
  return aroundUserSql(compiled, {
    purpose,
    head,
    tail: sql.slice(at + compiled.sql.length),
    ...counted,
  })
}

/** The transactions around a module's statements: those of what the model is like. */
export function materializeOwn(
  node: ModelNode,
  compiled: Compiled,
  materials: Materials,
  isIncremental: boolean,
  statements: readonly Statement[],
): Materialization {
  const name = quoted(node.relation)
  if (isIncremental) return { transactions: change(node, compiled, materials, statements) }
  if (node.config.materialized === 'view') {
    return {
      transactions: [
        {
          name: 'publish',
          isolation: 'read committed',
          locks: swapLocks(node.relation, materials),
          lockTimeoutMs: SWAP_LOCK_TIMEOUT_MS,
          statements: [
            ...removeTarget(materials),
            ...statements,
            isMade(name, node),
            ...restoreAround(name, materials),
            ...attachAround(materials),
            recordBuild(node, compiled, materials, 'create view', true),
          ],
        },
      ],
    }
  }
  const isKept = node.config.materialized === 'incremental'
  const action = isKept ? 'build incremental' : 'build table'
  return {
    transactions: buildAndPublish({
      node,
      materials,
      fill: (hidden) => [
        ...(isKept ? countExtracted(materials.follows) : []),
        ...statements,
        isMade(hidden, node),
      ],
      indexes: node.config.indexes,
      notNull: [],
      tracking: isKept ? [XID_COLUMN] : [],
      marks: isKept ? materials.follows : [],
      record: recordBuild(node, compiled, materials, action, true),
    }),
  }
}

function change(
  node: ModelNode,
  compiled: Compiled,
  materials: Materials,
  statements: readonly Statement[],
): Materialization['transactions'] {
  const { target } = materials
  if (target === undefined) throw new Error(`${node.id} has no table to change`)
  const name = quoted(node.relation)
  const marks = readThroughChanges(compiled)
  return [
    ...followInputs(name, materials.otherParts),
    {
      name: 'write',
      isolation: 'repeatable read',
      locks: materials.lockable.map((relation) => ({ relation, mode: 'access share' })),
      statements: [
        guardTarget(name, materials),
        ...countExtracted(marks, name, materials),
        ...statements,
        ...moveMarks(materials, name, marks),
        recordBuild(node, compiled, materials, 'add rows', false),
      ],
    },
    analyzeAfter(target),
  ]
}

/** Without it gm would find the name empty only when it publishes, and not know why. */
function isMade(name: string, node: ModelNode): Statement {
  return {
    purpose: 'look for it',
    sql: `select ${literal(`it has made no ${name}`)} where to_regclass(${literal(name)}) is null`,
    refusal: {
      code: 'GM1015',
      message: `the materialization ${node.config.materialization?.name ?? ''} did not do its work`,
      hint: 'Its statements must create what `into` names.',
    },
  }
}
