/** Where project files come from; the disk in gm itself, a record of texts in tests. */
export interface SourceFiles {
  /** Every file under a folder, at any depth, relative to the project root with forward slashes; none if absent. */
  list(folder: string): readonly string[]
  /** @throws GmError GM1009 when the file cannot be read. */
  read(file: string): string
  /** sha256 in hex of the file's bytes, without holding them all in memory. */
  hash(file: string): string
}
