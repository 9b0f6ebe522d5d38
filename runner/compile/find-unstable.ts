import { sqlTokens } from './sql-tokens.ts'

/** Words that mean another value in each transaction or for each user, without parentheses. */
const WORDS: ReadonlySet<string> = new Set([
  'current_catalog',
  'current_date',
  'current_role',
  'current_schema',
  'current_time',
  'current_timestamp',
  'current_user',
  'information_schema',
  'localtime',
  'localtimestamp',
  'session_user',
  'system_user',
  'tablesample',
  'user',
])

/** PostgreSQL's own functions whose value does not follow from their arguments. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  'array_sample',
  'array_shuffle',
  'clock_timestamp',
  'col_description',
  'current_database',
  'current_query',
  'current_schemas',
  'current_setting',
  'currval',
  'enum_first',
  'enum_last',
  'enum_range',
  'gen_random_uuid',
  'getpgusername',
  'inet_client_addr',
  'inet_client_port',
  'inet_server_addr',
  'inet_server_port',
  'lastval',
  'loread',
  'nextval',
  'now',
  'obj_description',
  'random',
  'random_normal',
  'row_security_active',
  'set_config',
  'setseed',
  'setval',
  'shobj_description',
  'statement_timestamp',
  'timeofday',
  'transaction_timestamp',
  'ts_rewrite',
  'ts_stat',
  'txid_current',
  'txid_current_if_assigned',
  'txid_current_snapshot',
  'txid_status',
  'uuidv4',
  'uuidv7',
  'version',
])

/** Those of its functions that come in families: they look names and privileges up, read large objects, or run SQL of their own. */
const FAMILIES =
  /^(?:to_reg\w+|has_\w+_privilege|lo_\w+|(?:query|cursor|table|schema|database)_to_xml\w*)$/

/** What gm itself writes for changes(), and what says nothing about the server. */
const HARMLESS: ReadonlySet<string> = new Set(['pg_column_size', 'pg_snapshot_xmax', 'pg_typeof'])

/** What is not PostgreSQL's own and is run by SQL that says so: nobody knows what it reads, or when it is changed. */
export interface UserFunctions {
  /** As they are called, with parentheses. */
  readonly names: ReadonlySet<string>
  /** Functions of a row, which can be written like its columns: `o.total`. */
  readonly attributes: ReadonlySet<string>
  /** Operators with a function of the users' behind them; `::` where there is such a cast. */
  readonly operators: readonly string[]
}

export const NO_USER_FUNCTIONS: UserFunctions = {
  names: new Set(),
  attributes: new Set(),
  operators: [],
}

const OPERATOR = /^[-+*/<>=~!@#%^&|`?:]$/

const TEXT = /^(?:(?:e|u&)?'|\$)/i

/** A text that begins with one, however it is quoted, or an array or a range of such. */
const MOMENTS = /^(?:(?:e|u&)?'|\$\w*\$)[\s[({"]*(?:now|today|tomorrow|yesterday|allballs)\b/i

/**
 * The first thing in the SQL that may give other rows on the same inputs: the time, randomness, the session, the catalog,
 * or a function that the database's users wrote. Looks at words and not at types, so it errs towards finding one.
 * What is left to chance without a name (`limit` without an order) stays what it was.
 */
export function findUnstable(sql: string, users: UserFunctions): string | undefined {
  const tokens = [...codeTokens(sql)]
  const operator = findOperator(tokens, users.operators)
  if (operator !== undefined) return operator
  for (const [i, token] of tokens.entries()) {
    if (TEXT.test(token)) {
      if (MOMENTS.test(token)) return token
      continue
    }
    const isQuoted = token.startsWith('"')
    const word = isQuoted ? token.slice(1, -1).replaceAll('""', '"') : token.toLowerCase()
    const isCall = tokens[i + 1] === '('
    if (
      isCall &&
      (FUNCTIONS.has(word) || FAMILIES.test(word) || isUsers(word, tokens[i - 2], users.names))
    ) {
      return `${word}()`
    }
    if (!isCall && tokens[i - 1] === '.' && users.attributes.has(word)) return `.${word}`
    // Its form with two arguments is a plain difference.
    if (isCall && word === 'age' && !hasTwoArguments(tokens, i + 1)) return 'age()'
    if (word.startsWith('pg_') && !(isCall && HARMLESS.has(word))) return word
    // Where a sequence stands; the window function of this name is called.
    if (!isCall && word === 'last_value') return word
    if (!isQuoted && WORDS.has(word) && tokens[i - 1] !== '.') return word
  }
  return undefined
}

/** gm.mark() and the like stand in what changes() gives; a user's function may have the same name elsewhere. */
function isUsers(
  word: string,
  schema: string | undefined,
  userFunctions: ReadonlySet<string>,
): boolean {
  return userFunctions.has(word) && schema !== 'gm'
}

/** Signs that stand side by side may be one operator or several, so one that begins within another is found, too. */
function findOperator(
  tokens: readonly string[],
  operators: UserFunctions['operators'],
): string | undefined {
  if (operators.length === 0) return undefined
  const signs = tokens.map((token) => (OPERATOR.test(token) ? token : ' ')).join('')
  return operators.find((operator) => signs.includes(operator))
}

function* codeTokens(sql: string): Generator<string> {
  for (const { kind, start, end } of sqlTokens(sql)) {
    if (kind === 'other') yield sql.slice(start, end)
  }
}

function hasTwoArguments(tokens: readonly string[], open: number): boolean {
  let depth = 0
  for (const token of tokens.slice(open)) {
    if (token === '(') depth += 1
    else if (token === ')') depth -= 1
    if (depth === 0) return false
    if (depth === 1 && token === ',') return true
  }
  return false
}
