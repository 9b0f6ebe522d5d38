import { load as parseYaml } from 'js-yaml'
import * as z from 'zod'
import type { Code } from '../base/codes.ts'
import { didYouMean } from '../base/nearest.ts'
import type { WarningRules } from '../base/warnings.ts'
import { ALL_WARNINGS_FAIL, PLAIN_WARNINGS, warningNamed, warningNames } from '../base/warnings.ts'

const names = z.array(z.string()).default([])

const options = z
  .strictObject({
    error: z.union([z.enum(['all', '*']), z.array(z.string())]).default([]),
    warn: names,
    silence: names,
    /** dbt's older words for `error` and `warn`. */
    include: z.union([z.enum(['all', '*']), z.array(z.string())]).optional(),
    exclude: names,
  })
  .transform(({ include, exclude, error, warn, silence }) => ({
    error: include ?? error,
    warn: [...warn, ...exclude],
    silence,
  }))

/** `--warn-error-options`: YAML on the command line and in the environment, a mapping in the project file. */
export const warnErrorOptions = z
  .union([z.string(), z.record(z.string(), z.unknown())])
  .transform((given, context): WarningRules => {
    const parsed = options.safeParse(typeof given === 'string' ? valueOf(given) : given)
    if (!parsed.success) {
      context.addIssue({
        code: 'custom',
        message: `is a YAML mapping such as '{error: all, warn: [GM3001], silence: []}'`,
      })
      return z.NEVER
    }
    const codes = (written: readonly string[]): Code[] =>
      written.flatMap((name) => {
        const code = warningNamed(name)
        if (code !== undefined) return code
        const hint = didYouMean(name, warningNames()) ?? `There are ${warningNames().join(', ')}.`
        context.addIssue({
          code: 'custom',
          message: `names no warning: "${name}"`,
          params: { hint },
        })
        return []
      })
    const { error, warn, silence } = parsed.data
    const silenced = codes(silence)
    if (silenced.includes('GM5001')) {
      context.addIssue({
        code: 'custom',
        message: 'cannot silence GM5001: the result of a test is always shown',
      })
    }
    return {
      error: error === 'all' || error === '*' ? 'all' : codes(error),
      warn: codes(warn),
      silence: silenced,
    }
  })

function valueOf(text: string): unknown {
  try {
    return parseYaml(text)
  } catch {
    return undefined
  }
}

/** What the flags make of warnings. */
export function warningRules(flags: {
  readonly warnError: boolean
  readonly warnErrorOptions?: WarningRules | undefined
}): WarningRules {
  return flags.warnErrorOptions ?? (flags.warnError ? ALL_WARNINGS_FAIL : PLAIN_WARNINGS)
}
