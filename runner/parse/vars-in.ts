import type { Project } from '../project/project.ts'

/** The values of `var()` in files of the project, or of one of its packages. */
export function varsIn(project: Project, owner: string): Readonly<Record<string, unknown>> {
  if (owner === project.name) return project.vars
  return project.packages.find(({ name }) => name === owner)?.vars ?? project.vars
}
