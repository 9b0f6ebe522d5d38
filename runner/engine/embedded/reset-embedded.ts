import { readdir, rm, rmdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { removeUnfinishedClusters } from './create-cluster.ts'
import { layoutOf } from './layout.ts'
import { stopServer } from './stop-embedded.ts'
import { withClaim } from './with-claim.ts'

/**
 * Stops the embedded server of a project and deletes its data, log and binaries for good.
 * @returns whether there was any data.
 * @throws GmError GM4006 when the server does not stop.
 */
export async function resetEmbedded(root: string): Promise<boolean> {
  const layout = layoutOf(resolve(root))
  const names = await readdir(layout.folder).catch(() => [])
  if (!names.some((name) => name.startsWith('postgres'))) return false
  const hadData = await withClaim(layout.claims, async () => {
    await stopServer(layout.data)
    await removeUnfinishedClusters(layout.data)
    const hadData = (await readdir(layout.data).catch(() => [])).length > 0
    const remove = async (path: string): Promise<void> =>
      rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    // The data first: what a kill leaves is then no half of a cluster that looks whole.
    await remove(join(layout.data, 'PG_VERSION'))
    await remove(layout.data)
    if (layout.place !== layout.folder) await remove(layout.place)
    for (const path of [layout.binaries, layout.log, `${layout.log}.1`, layout.placeFile]) {
      await remove(path)
    }
    return hadData
  })
  // Stays where somebody waits in it.
  await rmdir(layout.claims).catch(() => undefined)
  return hadData
}
