/** Where project files come from; the disk in gm itself, a record of texts in tests. */
export interface SourceFiles {
  /** Every file under a folder, at any depth, relative to the project root with forward slashes; none if absent. */
  list(folder: string): readonly string[]
  /** @throws GmError GM1009 when the file cannot be read. */
  read(file: string): SourceText
  /** sha256 in hex of the file's bytes, without holding them all in memory. */
  hash(file: string): string
  /** What tells, without reading it, that a file may have changed; undefined where that is not known. */
  stamp(file: string): FileStamp | undefined
}

/** Times are in milliseconds since 1970, with fractions. */
export interface FileStamp {
  readonly size: number
  readonly mtimeMs: number
  /** Of the last change of anything about the file; no program can set it back. */
  readonly ctimeMs: number
  readonly inode: number
}

export interface SourceText {
  /** May be read only when it is asked for. */
  readonly text: string
  /** sha256 of the text, in hex. */
  readonly checksum: string
}
