/** Where a cache is kept between runs; a file in gm itself. */
export interface TextStore {
  /** What was last written, or undefined. Anything that is no cache of this gm counts as none. */
  read(): string | undefined
  write(text: string): void
}
