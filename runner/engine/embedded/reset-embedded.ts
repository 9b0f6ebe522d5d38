import { readdir, rename, rm, rmdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { removeUnfinishedClusters } from './create-cluster.ts'
import { explainFailures } from './embedded-failure.ts'
import type { Layout } from './layout.ts'
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
  const hadData = await explainFailures('PostgreSQL could not be reset', async () =>
    withClaim(layout.claims, async () => remove(layout)),
  )
  // Stays where somebody waits in it.
  await rmdir(layout.claims).catch(() => undefined)
  return hadData
}

async function remove({ folder, place, data, ...layout }: Layout): Promise<boolean> {
  await stopServer(data, 'immediate')
  // Under the name of an unfinished one, so that a kill leaves no half of a cluster that looks whole.
  const hadData = await rename(data, `${data}.new-removed`).then(
    () => true,
    () => false,
  )
  await removeUnfinishedClusters(data)
  const rest = [layout.binaries, layout.log, `${layout.log}.1`]
  if (place !== folder) rest.push(place)
  for (const path of [...rest, layout.placeFile]) await rm(path, { recursive: true, force: true })
  return hadData
}
