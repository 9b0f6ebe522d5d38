import * as z from 'zod'
import { isNotYet } from './explain-issues.ts'
import { projectSchema, targetSchema } from './project-schema.ts'

/** docs/reference/project.md: every key of project.yml with its meaning, from the schema that checks it. */
export function documentProject(): string {
  return `# project.yml

Made from the schema (\`UPDATE=1 npx vitest run --project unit runner/project/document-project\`).

\`dbt_project.yml\` has the same keys. Only \`name\` is needed. An unknown key is an error at its place.

${table(projectSchema)}

## A target

Under \`targets:\`, by name; in a \`profiles.yml\` under \`outputs:\`. Values may take from the environment: \`{{ env_var('NAME') }}\`.

${table(targetSchema)}
`
}

function table(schema: z.ZodObject): string {
  const rows = Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, one]) =>
    isNotYet(one) ? [] : [`| \`${key}\` | ${describedBy(one).replaceAll('|', '\\|')} |`],
  )
  return ['| key | |', '|---|---|', ...rows].join('\n')
}

/** What a key is for. A key that may be left out is wrapped, and the words are inside. */
export function describedBy(schema: z.ZodType): string {
  if (schema.description !== undefined) return schema.description
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNonOptional
    ? describedBy(schema.unwrap() as z.ZodType)
    : ''
}
