import type * as z from 'zod'
import { describedBy } from '../project/document-project.ts'
import { isNotYet } from '../project/explain-issues.ts'
import { configSchema } from './config-schema.ts'
import type { NodeKind } from './node.ts'

const TITLES: Readonly<Record<NodeKind, string>> = {
  model: 'Models',
  snapshot: 'Snapshots',
  seed: 'Seeds',
  test: 'Tests',
  unit_test: 'Unit tests',
  source: 'Sources',
  analysis: 'Analyses',
  exposure: 'Exposures',
}

/** docs/reference/config.md: every configuration key with its meaning, from the schema that checks them. */
export function documentConfig(): string {
  const sections = (Object.keys(TITLES) as NodeKind[]).map((kind) => {
    const keys = Object.entries<z.ZodType>(configSchema(kind).shape)
    const rows = keys.flatMap(([key, schema]) => {
      if (isNotYet(schema)) return []
      return [`| \`${key}\` | ${describedBy(schema).replaceAll('|', '\\|')} |`]
    })
    return [`## ${TITLES[kind]}`, '', '| key | |', '|---|---|', ...rows].join('\n')
  })
  return `# Configuration of nodes

Made from the schema (\`UPDATE=1 npx vitest run --project unit runner/manifest/document-config\`).

A key stands in three places, later ones win: \`project.yml\` by folder (\`+key\`), the properties YAML under \`config:\`, and
\`config()\` in the file. \`tags\` add up and \`meta\` merges. An unknown key is an error at its place.

${sections.join('\n\n')}
`
}
