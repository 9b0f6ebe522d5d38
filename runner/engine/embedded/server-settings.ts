import { statfs } from 'node:fs/promises'
import { platform, totalmem } from 'node:os'

const MB = 1024 * 1024

/**
 * Settings of the embedded server: one warehouse on one computer, few connections, large queries, no replicas.
 * What the user sets with `alter system` comes after these and wins.
 */
export async function serverSettings(): Promise<Readonly<Record<string, string>>> {
  const memory = totalmem()
  return {
    listen_addresses: '127.0.0.1',
    // TCP alone: the path of a socket may have 107 bytes, and a project may lie deeper than that.
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Without replicas a table that is created and filled in one transaction needs no log.
    wal_level: 'minimal',
    max_wal_senders: '0',
    max_wal_size: '2GB',
    checkpoint_timeout: '15min',
    // Compression made `create table as` 2.9 times slower.
    wal_compression: 'off',
    shared_buffers: `${Math.max(32, Math.min(512, Math.floor(memory / MB / 4)))}MB`,
    maintenance_work_mem: `${Math.max(16, Math.min(256, Math.floor(memory / MB / 16)))}MB`,
    work_mem: '32MB',
    // Thousands of relations are published together, or dropped by `gm reset`; the server's 64 are enough for some 900.
    max_locks_per_transaction: '256',
    random_page_cost: '1.1',
    log_checkpoints: 'off',
    // The role has the name of gm's own schema, in which "$user" would put whatever people make without naming one.
    search_path: 'public',
    ...((await hasSmallSharedMemory()) ? { dynamic_shared_memory_type: 'sysv' } : {}),
  }
}

/** The lines of a configuration file. */
export function formatSettings(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  )
  return `# Written by gm at every start. Your own settings: alter system set ….\n${lines.join('')}`
}

/** Containers get 64 MB of /dev/shm, in which a parallel hash join fails with "no space left on device". */
async function hasSmallSharedMemory(): Promise<boolean> {
  if (platform() !== 'linux') return false
  const shm = await statfs('/dev/shm').catch(() => undefined)
  return shm === undefined || shm.blocks * shm.bsize < 512 * MB
}
