/** Words by which projects mark what is about persons. */
const PERSONAL = ['personal_data', 'pii', 'contains_pii']

/** Whether `meta` marks a node or a column as personal data. */
export function isPersonal(meta: Readonly<Record<string, unknown>>): boolean {
  return personalMark(meta) === true
}

/** What `meta` says of personal data: `false` is an answer too; undefined where it says nothing. */
export function personalMark(meta: Readonly<Record<string, unknown>>): boolean | undefined {
  const given = PERSONAL.filter((key) => meta[key] !== undefined && meta[key] !== null)
  return given.length === 0 ? undefined : given.some((key) => Boolean(meta[key]))
}
