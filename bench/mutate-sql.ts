/** One small change to a templated SQL file, such as somebody makes by mistake. */
export interface Mutant {
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly kind: string
  readonly before: string
  readonly after: string
  /** The whole file with the change. */
  readonly text: string
}

interface Rule {
  readonly kind: string
  readonly pattern: RegExp
  /** `$1` stands for what the first group matched. */
  readonly to: string
}

/**
 * Kinds of mistakes. A rule may turn SQL into what the database refuses: that is found by building, and counted as such.
 * Template tags stay as they are, so that the mistake is in the SQL and not in the templating.
 */
const RULES: readonly Rule[] = [
  { kind: 'join kind', pattern: /\bleft join\b/g, to: 'inner join' },
  { kind: 'join kind', pattern: /\binner join\b/g, to: 'left join' },
  { kind: 'boundary', pattern: /(?<= )<=(?= )/g, to: '<' },
  { kind: 'boundary', pattern: /(?<= )>=(?= )/g, to: '>' },
  { kind: 'boundary', pattern: /(?<= )<(?= )/g, to: '<=' },
  { kind: 'boundary', pattern: /(?<= )>(?= )/g, to: '>=' },
  {
    kind: 'filter removed',
    pattern: /^( *)(and|or) (?!.*\b(?:then|between)\b).*[^(,]$/g,
    to: '$1',
  },
  { kind: 'filter removed', pattern: /^( *)where (.*[^(,])$/g, to: '$1where true' },
  { kind: 'filter negated', pattern: /^( *)where (?!not )(.*[^(,])$/g, to: '$1where not ($2)' },
  { kind: 'filter negated', pattern: /\bis not null\b/g, to: 'is null' },
  { kind: 'filter negated', pattern: /\bis null\b/g, to: 'is not null' },
  { kind: 'sign', pattern: /(?<=[\w)] )- (?=\w)/g, to: '+ ' },
  { kind: 'sign', pattern: /(?<=[\w)] )\+ (?=\w)/g, to: '- ' },
  { kind: 'sign', pattern: /dateadd\('(\w+)', (\d)/g, to: "dateadd('$1', -$2" },
  { kind: 'sign', pattern: /dateadd\('(\w+)', -(\d+)/g, to: "dateadd('$1', $2" },
  { kind: 'key', pattern: /(?<=^ *on .*)(?<= )=(?= )/g, to: '<>' },
  { kind: 'key', pattern: /(?<=^ *and \w+\.\w+ )=(?= \w+\.\w+$)/g, to: '<>' },
  { kind: 'key', pattern: /partition by [\w.]+(?:, [\w.]+)*/g, to: 'partition by 1' },
  { kind: 'order', pattern: /(?<=order by [\w.]+) desc\b/g, to: '' },
  { kind: 'order', pattern: /(?<=\border by \w+\.\w+)(?=[,) ]|$)(?! desc)/g, to: ' desc' },
  { kind: 'aggregate', pattern: /\bmin\(/g, to: 'max(' },
  { kind: 'aggregate', pattern: /\bmax\(/g, to: 'min(' },
  { kind: 'aggregate', pattern: /\bsum\(/g, to: 'max(' },
  { kind: 'aggregate', pattern: /\bcount\(distinct /g, to: 'count(' },
  { kind: 'set', pattern: /\bunion all\b/g, to: 'union' },
  { kind: 'set', pattern: /\bunion(?! all)\b/g, to: 'except' },
  {
    kind: 'value',
    pattern: /\bcoalesce\(((?:[^(),]|\([^()]*\))+), (?:[^()]|\([^()]*\))+\)/g,
    to: '$1',
  },
  { kind: 'value', pattern: /(?<= )'(purchase|view|checkout)'/g, to: "'none'" },
  { kind: 'value', pattern: /\belse \d+\b/g, to: 'else 7' },
]

/** Every mutant of a file, in the order of its lines; none for a file without SQL to change. */
export function mutateSql(file: string, text: string): readonly Mutant[] {
  const lines = text.split('\n')
  const blank = maskNotSql(text).split('\n')
  const mutants: Mutant[] = []
  for (const [index, line] of blank.entries()) {
    const before = lines[index] ?? ''
    for (const { kind, pattern, to } of RULES) {
      for (const match of line.matchAll(pattern)) {
        const piece = to.replace(/\$(\d)/g, (_, group: string) => match[Number(group)] ?? '')
        const after =
          before.slice(0, match.index) + piece + before.slice(match.index + match[0].length)
        if (after === before) continue
        mutants.push({
          file,
          line: index + 1,
          kind,
          before: before.trim(),
          after: after.trim() || '(removed)',
          text: lines.map((one, i) => (i === index ? after : one)).join('\n'),
        })
      }
    }
  }
  return mutants
}

/** The text with comments, configuration and statements of the template blanked out, every character at its place. */
function maskNotSql(text: string): string {
  const notSql = /\{#[\s\S]*?#\}|\{%[\s\S]*?%\}|\{\{ config\([\s\S]*?\) \}\}|--.*/g
  return text.replace(notSql, (part) => part.replace(/[^\n]/g, ' '))
}
