import pc from 'picocolors'

export type Style = ReturnType<typeof pc.createColors>

/** Colours, or none: every function then gives its text back. */
export function styleFor(colour: boolean): Style {
  return pc.createColors(colour)
}
