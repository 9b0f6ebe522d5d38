import { load as parseYaml } from 'js-yaml'
import * as z from 'zod'
import { findProject } from '../project/find-project.ts'
import { PROJECT_DISK } from '../project/project-disk.ts'

/** Flags that a project file may set for its commands, under dbt's names. */
const FLAGS: readonly string[] = [
  'fail_fast',
  'full_refresh',
  'indirect_selection',
  'log_format',
  'log_level',
  'log_path',
  'print',
  'quiet',
  'store_failures',
  'target_path',
  'warn_error',
  'warn_error_options',
  'write_json',
]

const file = z.object({ flags: z.record(z.string(), z.unknown()) })

/**
 * The values below `flags:` of the project file, by the names that the command line's flags have inside gm; none without
 * a project. Anything wrong with the file is left for its reader to say.
 */
export function flagsFromProject(
  startDir: string,
  projectDir: string | undefined,
): Readonly<Record<string, unknown>> {
  try {
    const { text } = findProject(startDir, projectDir, (path) => PROJECT_DISK.read(path))
    // Most projects have none, and reading YAML twice costs time.
    if (!/^flags\s*:/m.test(text)) return {}
    const { flags } = file.parse(parseYaml(text))
    return Object.fromEntries(
      FLAGS.filter((name) => Object.hasOwn(flags, name)).map((name) => [
        name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()),
        flags[name],
      ]),
    )
  } catch {
    return {}
  }
}
