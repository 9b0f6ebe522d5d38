type Vars = Readonly<Record<string, unknown>>

/** Variables of the project: those given for all packages, and over them those below its own name. */
export function projectVars(name: string, vars: Vars): Vars {
  const { [name]: own, ...flat } = vars
  if (own === undefined) return flat
  return isMapping(own) ? { ...flat, ...own } : { ...flat, [name]: own }
}

/** Variables of a package: its own, over them the project's for all, those that it gives to the package, and `--vars`. */
export function packageVars(name: string, own: Vars, project: Vars, given: Vars): Vars {
  return { ...projectVars(name, own), ...projectVars(name, project), ...given }
}

function isMapping(value: unknown): value is Vars {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
