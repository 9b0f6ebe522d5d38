import { resolve } from 'node:path'
import { serveSite } from '../../docs/serve-site.ts'
import type { CommandAction } from '../command-spec.ts'
import { EXIT } from '../exit-code.ts'
import { DocsServeFlags, parseFlags } from '../flags.ts'
import { loadSettings } from '../load-settings.ts'
import { watchSignals } from '../watch-signals.ts'

/** Serves target/docs on this machine until it is interrupted. */
export const docsServeCommand: CommandAction = async (_args, raw, io) => {
  const flags = parseFlags(DocsServeFlags, raw)
  const project = loadSettings(flags, io)
  const { signal, stop } = watchSignals(() => undefined)
  try {
    const site = await serveSite({
      folder: resolve(project.root, project.paths.target, 'docs'),
      host: flags.host,
      port: flags.port,
    })
    io.out(`${site.url}\nCtrl-C ends it.\n`)
    await new Promise<void>((resolveWait) => {
      const end = (): void => {
        resolveWait()
      }
      if (signal.aborted) end()
      signal.addEventListener('abort', end, { once: true })
    })
    await site.close()
    return EXIT.ok
  } finally {
    stop()
  }
}
