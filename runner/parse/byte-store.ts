/** Where a cache of bytes is kept between runs; a file in gm itself. */
export interface ByteStore {
  /** What was last written, or undefined. Anything that is no cache of this gm counts as none. */
  read(): Uint8Array | undefined
  write(bytes: Uint8Array): void
}
