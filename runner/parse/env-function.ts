import { GmError } from '../base/error.ts'
import { didYouMean } from '../base/nearest.ts'
import type { Project } from '../project/project.ts'
import type { Builtin } from '../template/template.ts'
import { textArguments } from './call-arguments.ts'

/** `env_var('NAME', 'default')`. */
export function envFunction(
  { env, envAllowed }: Pick<Project, 'env' | 'envAllowed'>,
  onEnv?: (name: string) => void,
): Builtin {
  return (call) => {
    const { name = '', default: fallback } = textArguments('env_var', call, ['name', 'default'], 1)
    onEnv?.(name)
    const place = { at: call.at, calledFrom: call.calledFrom }
    if (envAllowed !== 'all' && !envAllowed.has(name)) {
      throw new GmError('GM1006', `templates may not read the environment variable "${name}"`, {
        ...place,
        hint:
          didYouMean(name, envAllowed) ??
          `Add ${name} to env: in project.yml if it holds no secret.`,
      })
    }
    const value = env.get(name) ?? fallback
    if (value !== undefined) return value
    throw new GmError('GM1005', `the environment variable "${name}" is not set`, {
      ...place,
      hint:
        envAllowed === 'all'
          ? `Set ${name} in the environment or in .env, or write env_var('${name}', 'a default'). Names of secrets can be read in profiles.yml only.`
          : `Set ${name} in the environment or in .env, or write env_var('${name}', 'a default').`,
    })
  }
}
