import type { GmError } from '../base/error.ts'
import { gmErrorsOf } from '../base/error.ts'
import type { Node, SourceNode, TestNode } from '../manifest/node.ts'
import type { Project } from '../project/project.ts'
import type { Templates } from '../template/create-templates.ts'
import type { ConfigLevels } from './config-levels.ts'
import type { OpenParseCache } from './parse-cache.ts'
import type { ProjectFiles } from './read-files.ts'
import type { InputCall } from './record-template.ts'

/** What all steps of parsing share. */
export interface Parsing {
  readonly project: Project
  readonly files: ProjectFiles
  readonly readSeed: (file: string) => string
  readonly templates: Templates
  readonly levels: ConfigLevels
  readonly cache: OpenParseCache
  readonly errors: GmError[]
}

/** A node whose inputs are known by name only: what `ref` means is decided when all nodes are known. */
export interface Draft {
  readonly node: Node
  readonly inputs: readonly InputCall[]
}

export interface SourceDraft extends Draft {
  readonly node: SourceNode
}

export interface TestDraft extends Draft {
  readonly node: TestNode
}

/** Does the work and keeps its GmErrors, so that one parse reports the mistakes of all files. */
export function collecting<T>(errors: GmError[], work: () => T): T | undefined {
  try {
    return work()
  } catch (thrown) {
    const found = gmErrorsOf(thrown)
    if (found === undefined) throw thrown
    errors.push(...found)
    return undefined
  }
}
