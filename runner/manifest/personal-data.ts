/** Words by which projects mark what is about persons. */
const PERSONAL = ['personal_data', 'pii', 'contains_pii']

/** Whether the `meta` of a node or column says that it holds data about persons: its values are shown nowhere. */
export function isPersonal(meta: Readonly<Record<string, unknown>>): boolean {
  return PERSONAL.some((key) => Boolean(meta[key]))
}
