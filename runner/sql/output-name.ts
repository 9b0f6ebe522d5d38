import type { Node as SqlNode } from 'libpg-query'
import { textsOf } from './sql-tree.ts'

/**
 * The name that PostgreSQL gives an output column without `as`.
 * Source: FigureColname in PostgreSQL's parse_target.c.
 */
export function outputName(node: SqlNode | undefined): string {
  return figure(node)?.name ?? '?column?'
}

interface Figured {
  readonly name: string
  /** A cast's type name gives way to a better name around it, as `case`'s to that of its `else`. */
  readonly isWeak: boolean
}

const strong = (name: string): Figured => ({ name, isWeak: false })
const weak = (name: string): Figured => ({ name, isWeak: true })

/** Expressions that are named after what they are. */
const NAMED: Readonly<Record<string, string>> = {
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
}

const XML_NAMES: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
}

const VALUE_FUNCTIONS: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_TIMESTAMP_N: 'current_timestamp',
  SVFOP_CURRENT_TIME_N: 'current_time',
  SVFOP_LOCALTIME_N: 'localtime',
  SVFOP_LOCALTIMESTAMP_N: 'localtimestamp',
}

function figure(node: SqlNode | undefined): Figured | undefined {
  if (node === undefined) return undefined
  const [kind = ''] = Object.keys(node)
  const named = NAMED[kind]
  if (named !== undefined) return strong(named)
  if ('ColumnRef' in node) return last(node.ColumnRef.fields)
  if ('FuncCall' in node) return last(node.FuncCall.funcname)
  if ('A_Indirection' in node) {
    return last(node.A_Indirection.indirection) ?? figure(node.A_Indirection.arg)
  }
  if ('CollateClause' in node) return figure(node.CollateClause.arg)
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? strong('nullif') : undefined
  if ('TypeCast' in node) {
    const inner = figure(node.TypeCast.arg)
    if (inner?.isWeak === false) return inner
    const type = textsOf(node.TypeCast.typeName?.names).at(-1)
    return type === undefined ? inner : weak(type)
  }
  if ('CaseExpr' in node) {
    const inner = figure(node.CaseExpr.defresult)
    return inner?.isWeak === false ? inner : weak('case')
  }
  if ('MinMaxExpr' in node) {
    return strong(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest')
  }
  if ('SQLValueFunction' in node) {
    const { op = '' } = node.SQLValueFunction
    return strong(VALUE_FUNCTIONS[op] ?? op.replace('SVFOP_', '').toLowerCase())
  }
  if ('XmlExpr' in node) {
    const name = XML_NAMES[node.XmlExpr.op ?? '']
    return name === undefined ? undefined : strong(name)
  }
  if ('JsonFuncExpr' in node) {
    return strong((node.JsonFuncExpr.op ?? '').replace('_OP', '').toLowerCase())
  }
  if ('SubLink' in node) {
    switch (node.SubLink.subLinkType) {
      case 'EXISTS_SUBLINK':
        return strong('exists')
      case 'ARRAY_SUBLINK':
        return strong('array')
      case 'EXPR_SUBLINK':
        return strong(firstColumnName(node.SubLink.subselect))
      default:
        return undefined
    }
  }
  return undefined
}

/** The last name; `*` and subscripts count for nothing. */
function last(nodes: readonly SqlNode[] | undefined): Figured | undefined {
  const name = textsOf(nodes).at(-1)
  return name === undefined ? undefined : strong(name)
}

/** What a scalar subquery is named after. */
function firstColumnName(node: SqlNode | undefined): string {
  if (node === undefined || !('SelectStmt' in node)) return '?column?'
  let select = node.SelectStmt
  while (select.larg !== undefined) select = select.larg
  if (select.valuesLists !== undefined) return 'column1'
  const [target] = select.targetList ?? []
  if (target === undefined || !('ResTarget' in target)) return '?column?'
  return target.ResTarget.name ?? outputName(target.ResTarget.val)
}
