import type { Code } from '../base/codes.ts'
import { GmError } from '../base/error.ts'
import type { Location } from '../base/location.ts'
import type { Manifest, Node, NodeId } from '../manifest/node.ts'
import type { MacroFile } from '../template/template.ts'
import type { ByteStore } from './byte-store.ts'
import { readKept, writeKept } from './kept-value.ts'

/** To be raised whenever a manifest has another shape or another meaning. */
const FORMAT = 1

/** All that a parse gives, as data: nothing needs to be read, linked or checked again. */
export interface ParsedFiles {
  readonly manifest: Manifest
  readonly macroFiles: readonly MacroFile[]
  readonly warnings: readonly GmError[]
}

interface Contents extends Pick<ParsedFiles, 'macroFiles'> {
  /** Without ids as keys, which the nodes have themselves. */
  readonly manifest: Omit<Manifest, 'nodes' | 'disabled'>
  readonly nodes: readonly Node[]
  readonly disabled: readonly Node[]
  /** Errors lose what makes them GmErrors when they are stored. */
  readonly warnings: readonly {
    readonly code: Code
    readonly message: string
    readonly at: Location | undefined
    readonly hint: string | undefined
  }[]
}

/** The manifest of the last parse in which nothing had changed. */
export interface KeptManifest {
  /** Undefined where it is of anything else than what the key stands for. */
  read(): ParsedFiles | undefined
  write(parsed: ParsedFiles): void
}

/**
 * The manifest as a whole, for a project in which nothing has changed.
 * @param fingerprint a hash of all that a parse depends on.
 */
export function keptManifest(store: ByteStore, fingerprint: string): KeptManifest {
  const key = `${FORMAT} ${fingerprint}`
  return {
    read() {
      const contents = readKept(store, key) as Contents | undefined
      if (contents === undefined) return undefined
      const { manifest, nodes, disabled, macroFiles, warnings } = contents
      return {
        manifest: { ...manifest, nodes: byId(nodes), disabled: byId(disabled) },
        macroFiles,
        warnings: warnings.map(({ code, message, ...more }) => new GmError(code, message, more)),
      }
    },
    write({ manifest, macroFiles, warnings }) {
      const { nodes, disabled, ...rest } = manifest
      const contents: Contents = {
        manifest: rest,
        nodes: [...nodes.values()],
        disabled: [...disabled.values()],
        macroFiles,
        warnings: warnings.map(({ code, message, at, hint }) => ({ code, message, at, hint })),
      }
      writeKept(store, key, contents)
    },
  }
}

function byId(nodes: readonly Node[]): ReadonlyMap<NodeId, Node> {
  return new Map(nodes.map((node) => [node.id, node]))
}
