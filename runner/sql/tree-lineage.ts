import type { TreeNode, TreeValue } from './node-tree.ts'
import { isNode, nodesIn } from './node-tree.ts'

/** `schema.table.column kind` or `schema.table.column condition via`. */
export type Feeds = ReadonlySet<string>

export interface TreeResult {
  readonly columns: readonly { readonly name: string; readonly from: Feeds }[]
  readonly conditions: Feeds
}

/** Names of relations and their columns, by oid and attribute number. */
export type Attributes = ReadonlyMap<
  string,
  { readonly name: string; readonly columns: ReadonlyMap<string, string> }
>

type Kind = 'copied' | 'computed' | 'aggregated'

/**
 * What feeds the columns of a query, read off PostgreSQL's own analysed tree, in which every name has been resolved by
 * the server. Written apart from the resolver: it shares nothing with it but the meaning of the kinds.
 */
export function treeLineage(query: TreeNode, attributes: Attributes): TreeResult {
  /** Queries from the inside out; `varlevelsup` counts them. */
  type Stack = readonly TreeNode[]
  const recursive = new Map<TreeNode, TreeResult>()

  const num = (node: TreeNode, field: string): number => Number(node.fields[field] ?? 0)
  const str = (node: TreeNode, field: string): string => {
    const value = node.fields[field]
    return typeof value === 'string' ? value : ''
  }
  const items = (value: TreeValue): readonly TreeValue[] =>
    value === undefined || typeof value === 'string' || isNode(value) ? [] : value

  const result = (stack: Stack): TreeResult => {
    const own = stack[0]
    if (own === undefined) throw new Error('no query')
    const setOperation = nodesIn(own.fields['setOperations'])[0]
    const targets = nodesIn(own.fields['targetList'])
    const conditions = new Set<string>()
    let columns: { name: string; from: Feeds }[]
    if (setOperation !== undefined) {
      const names = targets
        .filter((t) => str(t, 'resjunk') !== 'true')
        .map((t) => str(t, 'resname'))
      const combined = setResult(setOperation, stack)
      columns = combined.columns.map(({ from }, i) => ({ name: names[i] ?? '', from }))
      add(conditions, combined.conditions)
      for (const sort of nodesIn(own.fields['sortClause'])) {
        const i = targets.findIndex(
          (t) => str(t, 'ressortgroupref') === str(sort, 'tleSortGroupRef'),
        )
        add(conditions, decide(columns[i]?.from ?? new Set(), 'sort'))
      }
    } else {
      const shown = num(own, 'commandType') === 1 ? targets : nodesIn(own.fields['returningList'])
      const before = returning
      returning = num(own, 'commandType') !== 1
      columns = shown
        .filter((t) => str(t, 'resjunk') !== 'true')
        .map((t) => ({ name: str(t, 'resname'), from: feeds(t.fields['expr'], stack) }))
      returning = false
      for (const from of nodesIn(own.fields['jointree'])) add(conditions, joinTree(from, stack))
      add(conditions, decide(feeds(own.fields['havingQual'], stack), 'filter'))
      const grouping = [
        ...nodesIn(own.fields['groupClause']),
        ...nodesIn(own.fields['distinctClause']),
      ]
      for (const clause of grouping) add(conditions, decide(sorted(clause, stack), 'group'))
      for (const clause of nodesIn(own.fields['sortClause'])) {
        add(conditions, decide(sorted(clause, stack), 'sort'))
      }
      for (const action of nodesIn(own.fields['mergeActionList'])) {
        add(conditions, decide(feeds(action.fields['qual'], stack), 'filter'))
      }
      add(conditions, decide(feeds(own.fields['mergeJoinCondition'], stack), 'join'))
      for (const conflict of nodesIn(own.fields['onConflict'])) {
        add(conditions, decide(feeds(conflict.fields['onConflictWhere'], stack), 'filter'))
      }
      returning = before
    }
    for (const limit of ['limitOffset', 'limitCount']) {
      add(conditions, decide(feeds(own.fields[limit], stack), 'filter'))
    }
    return { columns, conditions }
  }

  const setResult = (node: TreeNode, stack: Stack): TreeResult => {
    if (node.kind === 'RANGETBLREF') return relation(num(node, 'rtindex'), stack)
    const left = nodesIn(node.fields['larg']).map((arg) => setResult(arg, stack))[0]
    if (left === undefined) throw new Error('no left side')
    for (const own of stack.slice(0, 1)) {
      const current = recursive.get(own)
      if (current?.columns.length === 0) recursive.set(own, left)
    }
    const right = nodesIn(node.fields['rarg']).map((arg) => setResult(arg, stack))[0]
    if (right === undefined) throw new Error('no right side')
    const isUnion = num(node, 'op') === 1
    const columns = left.columns.map(({ name, from }, i) => ({
      name,
      from: isUnion ? union(from, right.columns[i]?.from ?? new Set()) : from,
    }))
    const conditions = new Set([...left.conditions, ...right.conditions])
    if (!isUnion) for (const { from } of right.columns) add(conditions, decide(from, 'filter'))
    if (str(node, 'all') !== 'true') {
      for (const { from } of columns) add(conditions, decide(from, 'group'))
    }
    return { columns, conditions }
  }

  /** What was found already: each column of a join of joins asks for all columns of what it joins. */
  const entries = new Map<TreeNode, TreeResult>()

  /** An entry of the range table as a result. */
  const relation = (index: number, stack: Stack): TreeResult => {
    const [own] = stack
    const entry = own === undefined ? undefined : nodesIn(own.fields['rtable'])[index - 1]
    if (entry === undefined) throw new Error(`no range table entry ${index}`)
    const known = entries.get(entry)
    if (known !== undefined) return known
    const fresh = entryResult(entry, stack)
    // While these hold, an entry may mean more later on.
    if (recursive.size === 0 && !returning) entries.set(entry, fresh)
    return fresh
  }

  const entryResult = (entry: TreeNode, stack: Stack): TreeResult => {
    switch (num(entry, 'rtekind')) {
      case 0: {
        const { name = '?', columns = new Map<string, string>() } =
          attributes.get(str(entry, 'relid')) ?? {}
        // By attribute number: a dropped column keeps its own.
        const last = Math.max(0, ...[...columns.keys()].map(Number))
        return {
          columns: Array.from({ length: last }, (_, i) => {
            const column = columns.get(String(i + 1))
            const from = new Set(column === undefined ? [] : [`${name}.${column} copied`])
            return { name: column ?? '', from }
          }),
          conditions: tableSample(entry, stack),
        }
      }
      case 1:
        return result([...nodesIn(entry.fields['subquery']), ...stack])
      case 2:
        return listed(items(entry.fields['joinaliasvars']), stack)
      case 3: {
        const columns = nodesIn(entry.fields['functions']).flatMap((one) =>
          Array.from({ length: num(one, 'funccolcount') }, () => ({
            name: '',
            from: raise(feeds(one.fields['funcexpr'], stack), 'computed'),
          })),
        )
        const all = columns.reduce<Feeds>((sum, { from }) => union(sum, from), new Set())
        const ordinality = str(entry, 'funcordinality') === 'true' ? [{ name: '', from: all }] : []
        return { columns: [...columns, ...ordinality], conditions: new Set() }
      }
      case 4: {
        const [table] = nodesIn(entry.fields['tablefunc'])
        if (table === undefined) throw new Error('no table function')
        const document = union(
          feeds(table.fields['docexpr'], stack),
          feeds(table.fields['rowexpr'], stack),
        )
        const expressions = ['colexprs', 'coldefexprs'].map((field) => items(table.fields[field]))
        // JSON_TABLE keeps the paths of its columns there, which hold no columns.
        const isXml = num(table, 'functype') === 0
        return {
          columns: items(table.fields['colnames']).map((_, i) => ({
            name: '',
            from: raise(
              union(document, ...(isXml ? expressions.map((list) => feeds(list[i], stack)) : [])),
              'computed',
            ),
          })),
          conditions: new Set(),
        }
      }
      case 5: {
        const rows = items(entry.fields['values_lists'])
        const width = items(rows[0]).length
        return {
          columns: Array.from({ length: width }, (_, i) => ({
            name: '',
            from: union(...rows.map((row) => feeds(items(row)[i], stack))),
          })),
          conditions: new Set(),
        }
      }
      case 6:
        return cte(str(entry, 'ctename'), stack.slice(num(entry, 'ctelevelsup')))
      case 9:
        return listed(items(entry.fields['groupexprs']), stack)
      default:
        return { columns: [], conditions: new Set() }
    }
  }

  const tableSample = (entry: TreeNode, stack: Stack): Feeds =>
    union(
      ...nodesIn(entry.fields['tablesample']).map((sample) =>
        decide(
          union(feeds(sample.fields['args'], stack), feeds(sample.fields['repeatable'], stack)),
          'filter',
        ),
      ),
    )

  const listed = (values: readonly TreeValue[], stack: Stack): TreeResult => ({
    columns: values.map((value) => ({ name: '', from: feeds(value, stack) })),
    conditions: new Set(),
  })

  const cte = (name: string, stack: Stack): TreeResult => {
    const [own] = stack
    const found = nodesIn(own?.fields['cteList']).find((one) => str(one, 'ctename') === name)
    const [body] = nodesIn(found?.fields['ctequery'])
    if (found === undefined || body === undefined) throw new Error(`no CTE ${name}`)
    const current = recursive.get(body)
    if (current !== undefined) return named(found, current)
    if (str(found, 'cterecursive') !== 'true') {
      const settled = entries.get(body)
      if (settled !== undefined) return named(found, settled)
      const fresh = result([body, ...stack])
      if (recursive.size === 0 && !returning) entries.set(body, fresh)
      return named(found, fresh)
    }
    let known: TreeResult = { columns: [], conditions: new Set() }
    for (let before = -1; before !== size(known); ) {
      before = size(known)
      recursive.set(body, known)
      known = result([body, ...stack])
    }
    recursive.delete(body)
    return named(found, known)
  }

  /** With the columns of SEARCH and CYCLE, which are added when the view is read. */
  const named = (found: TreeNode, { columns, conditions }: TreeResult): TreeResult => {
    const names = items(found.fields['ctecolnames']).map(String)
    const of = (clause: string, field: string): Feeds => {
      const [node] = nodesIn(found.fields[clause])
      const listed = items(node?.fields[field]).map(String)
      const own = columns.filter((_, i) => listed.includes(names[i] ?? ''))
      return raise(union(...own.map(({ from }) => from)), 'computed')
    }
    const more = [
      ...(nodesIn(found.fields['search_clause']).length > 0
        ? [{ name: '', from: of('search_clause', 'search_col_list') }]
        : []),
      ...(nodesIn(found.fields['cycle_clause']).length > 0
        ? [1, 2].map(() => ({ name: '', from: of('cycle_clause', 'cycle_col_list') }))
        : []),
    ]
    return { columns: [...columns, ...more], conditions }
  }

  const size = ({ columns, conditions }: TreeResult): number =>
    columns.reduce((sum, { from }) => sum + from.size, conditions.size)

  /** What decides the rows of a join tree. */
  const joinTree = (node: TreeNode, stack: Stack): Feeds => {
    switch (node.kind) {
      case 'FROMEXPR':
        return union(
          ...nodesIn(node.fields['fromlist']).map((one) => joinTree(one, stack)),
          decide(feeds(node.fields['quals'], stack), 'filter'),
        )
      case 'JOINEXPR':
        return union(
          ...['larg', 'rarg'].flatMap((side) =>
            nodesIn(node.fields[side]).map((one) => joinTree(one, stack)),
          ),
          decide(feeds(node.fields['quals'], stack), 'join'),
        )
      default:
        return relation(num(node, 'rtindex'), stack).conditions
    }
  }

  /** The target that a sort or group clause points to. */
  const sorted = (clause: TreeNode, stack: Stack): Feeds => {
    const target = nodesIn(stack[0]?.fields['targetList']).find(
      (one) => str(one, 'ressortgroupref') === str(clause, 'tleSortGroupRef'),
    )
    return feeds(target?.fields['expr'], stack)
  }

  const variable = (node: TreeNode, stack: Stack): Feeds => {
    const at = stack.slice(num(node, 'varlevelsup'))
    const [own] = at
    const [index, attribute] = [num(node, 'varno'), num(node, 'varattno')]
    const excluded = nodesIn(own?.fields['onConflict']).some(
      (one) => num(one, 'exclRelIndex') === index,
    )
    if (own !== undefined && excluded) {
      const target = nodesIn(own.fields['targetList']).find(
        (one) => num(one, 'resno') === attribute,
      )
      if (target !== undefined) return feeds(target.fields['expr'], at)
    }
    if (own !== undefined && index === num(own, 'resultRelation') && index > 0) {
      return written(own, attribute, num(node, 'varreturningtype'), at)
    }
    const entry = own === undefined ? undefined : nodesIn(own.fields['rtable'])[index - 1]
    if (attribute < 0 && entry !== undefined) {
      const { name = '?' } = attributes.get(str(entry, 'relid')) ?? {}
      const system = ['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'][-attribute - 1]
      return new Set([`${name}.${system ?? '?'} copied`])
    }
    const { columns } = relation(index, at)
    if (attribute === 0) return raise(union(...columns.map(({ from }) => from)), 'computed')
    return columns[attribute - 1]?.from ?? new Set()
  }

  /** A column of the row that a statement writes, before or after it. */
  const written = (own: TreeNode, attribute: number, state: number, stack: Stack): Feeds => {
    const before =
      relation(num(own, 'resultRelation'), stack).columns[attribute - 1]?.from ?? new Set<string>()
    const command = num(own, 'commandType')
    if (state === 1 || command === 4 || !returning) return before
    const sets = [
      ...(command === 5 ? [] : nodesIn(own.fields['targetList'])),
      ...nodesIn(own.fields['mergeActionList']).flatMap((action) =>
        nodesIn(action.fields['targetList']),
      ),
      ...nodesIn(own.fields['onConflict']).flatMap((one) => nodesIn(one.fields['onConflictSet'])),
    ].filter((target) => num(target, 'resno') === attribute)
    if (sets.length === 0) return before
    returning = false
    const after = union(...sets.map((target) => feeds(target.fields['expr'], stack)))
    returning = true
    const keeps =
      command === 5 || nodesIn(own.fields['onConflict']).some((one) => num(one, 'action') === 2)
    return keeps ? union(after, before) : after
  }
  /** Whether a RETURNING list is being read, in which the target's columns mean the row as written. */
  let returning = false

  const feeds = (value: TreeValue, stack: Stack): Feeds => {
    if (value === undefined || typeof value === 'string') return new Set()
    if (!isNode(value)) return union(...value.map((one) => feeds(one, stack)))
    const { kind, fields } = value
    const of = (...names: readonly string[]): Feeds =>
      union(...names.map((name) => feeds(fields[name], stack)))
    switch (kind) {
      case 'VAR':
        return variable(value, stack)
      case 'COLLATEEXPR':
        return of('arg')
      case 'TARGETENTRY':
        return of('expr')
      case 'CONST':
      case 'CASETESTEXPR':
      case 'PARAM':
        return new Set()
      case 'AGGREF': {
        const isOrdered = fields['aggkind'] !== 'n'
        const args = nodesIn(fields['args'])
        const own = args.filter((one) => isOrdered || str(one, 'resjunk') !== 'true')
        const order = nodesIn(fields['aggorder']).flatMap((clause) =>
          args.filter((one) => str(one, 'ressortgroupref') === str(clause, 'tleSortGroupRef')),
        )
        return union(
          raise(union(...own.map((one) => feeds(one, stack)), of('aggdirectargs')), 'aggregated'),
          isOrdered ? new Set() : decide(union(...order.map((one) => feeds(one, stack))), 'sort'),
          decide(of('aggfilter'), 'filter'),
        )
      }
      case 'WINDOWFUNC': {
        const window = nodesIn(stack[0]?.fields['windowClause']).find(
          (one) => str(one, 'winref') === str(value, 'winref'),
        )
        const clauses = ['partitionClause', 'orderClause'].flatMap((name) =>
          nodesIn(window?.fields[name]).map((clause) => sorted(clause, stack)),
        )
        const frame = ['startOffset', 'endOffset'].map((name) => feeds(window?.fields[name], stack))
        return union(
          raise(of('args'), 'aggregated'),
          decide(of('aggfilter'), 'filter'),
          decide(union(...clauses, ...frame), 'window'),
        )
      }
      case 'CASEEXPR': {
        const whens = nodesIn(fields['args'])
        return union(
          raise(
            union(...whens.map((one) => feeds(one.fields['result'], stack)), of('defresult')),
            'computed',
          ),
          decide(union(of('arg'), ...whens.map((one) => feeds(one.fields['expr'], stack))), 'case'),
        )
      }
      case 'SUBLINK': {
        const inner = result([...nodesIn(fields['subselect']), ...stack])
        const shown = union(...inner.columns.map(({ from }) => from))
        switch (num(value, 'subLinkType')) {
          case 0: // exists
            return inner.conditions
          case 4: // one value
            return union(shown, inner.conditions)
          case 6: // array
            return union(raise(shown, 'aggregated'), raise(inner.conditions, 'aggregated'))
          default:
            return union(raise(union(shown, of('testexpr')), 'computed'), inner.conditions)
        }
      }
      default:
        return raise(of(...Object.keys(fields)), 'computed')
    }
  }

  return result([query])
}

function add(to: Set<string>, more: Feeds): void {
  for (const one of more) to.add(one)
}

function union(...sets: readonly Feeds[]): Feeds {
  return new Set(sets.flatMap((set) => [...set]))
}

const RANK: readonly string[] = ['copied', 'computed', 'aggregated']

function raise(set: Feeds, kind: Kind): Feeds {
  return new Set(
    [...set].map((one) => {
      const [column, had] = split(one)
      return had.startsWith('condition') || RANK.indexOf(had) >= RANK.indexOf(kind)
        ? one
        : `${column} ${kind}`
    }),
  )
}

function decide(set: Feeds, via: string): Feeds {
  return new Set([...set].map((one) => `${split(one)[0]} condition ${via}`))
}

/** Column and kind; a column's name may hold blanks. */
function split(one: string): readonly [string, string] {
  const [, column = '', kind = ''] =
    /^(.*) (copied|computed|aggregated|condition \w+)$/s.exec(one) ?? []
  return [column, kind]
}
