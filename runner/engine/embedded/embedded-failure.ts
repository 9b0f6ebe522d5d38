import { GmError } from '../../base/error.ts'

/** Reasons that PostgreSQL gives in its log or output, and what to do about each. */
const REASONS: readonly { readonly sign: RegExp; readonly hint: string }[] = [
  {
    sign: /database files are incompatible with server|not compatible with this version/i,
    hint: 'Another version of PostgreSQL made the data. Go back to the version of gm that did, or run gm db reset and build again.',
  },
  {
    sign: /pre-existing shared memory block/i,
    hint: 'A process of a server that was killed is still at work. End it, or wait, and try again.',
  },
  {
    sign: /could not bind|Address already in use/i,
    hint: 'Another program took the port in the same moment. Try again.',
  },
  {
    sign: /could not create (shared memory|semaphores)|Cannot allocate memory|could not map anonymous/i,
    hint: 'The computer has too little memory left. Close something, or lower shared_buffers.',
  },
  {
    sign: /could not look up effective user/i,
    hint: 'Give the user a line in /etc/passwd, or use a PostgreSQL server of your own.',
  },
  {
    sign: /GLIBC_|ld-linux|spawn .* ENOENT/,
    hint: 'PostgreSQL is built for glibc, which this system does not have. Use a server of your own: give the target a host.',
  },
  {
    sign: /Permission denied|EACCES|EPERM|wrong ownership/i,
    hint: 'The folder .gm belongs to another user. Run gm as that user.',
  },
  {
    // On a read-only disk Node's mkdir says ENOENT.
    sign: /EROFS|Read-only file system|ENOENT.*mkdir/i,
    hint: 'gm keeps its database in .gm below the project: make that folder writable, or use a server of your own.',
  },
  {
    sign: /invalid permissions/i,
    hint: 'The file system does not keep modes of files. Move the project to one that does, or use a server of your own.',
  },
  {
    sign: /could not locate a valid checkpoint record|invalid (primary )?checkpoint record|PANIC/,
    hint: 'The data is damaged. Run gm db reset and build again.',
  },
]

/**
 * The error for a failed program of PostgreSQL.
 * @param what such as `PostgreSQL did not start`.
 * @param output what it wrote; the first fatal line is quoted.
 */
export function embeddedFailure(what: string, output: string, log?: string): GmError {
  if (/No space left on device|ENOSPC|Disk quota exceeded/.test(output)) {
    return new GmError('GM4005', `${what}: no space left on the disk`, {
      hint: 'Free some space and run gm again; nothing that was committed is lost.',
    })
  }
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const line =
    // What is wrong with a setting comes before the FATAL line, which says only that something is.
    lines.find((text) => /parameter "/.test(text)) ??
    lines.find((text) => /\b(FATAL|PANIC)\b/.test(text)) ??
    lines.find((text) => /error/i.test(text)) ??
    lines.at(-1)
  const known = REASONS.find(({ sign }) => sign.test(output))
  const seeLog = log === undefined ? undefined : `See ${log}.`
  return new GmError('GM4006', line === undefined ? what : `${what}: ${plain(line)}`, {
    hint: known?.hint ?? seeLog,
  })
}

/** Runs `work`; what the file system or the operating system refuses becomes the failure of `what`. */
export async function explainFailures<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GmError || !(error instanceof Error) || !('syscall' in error)) throw error
    throw embeddedFailure(what, error.message)
  }
}

/** Without the time, the process and the severity in front. */
function plain(line: string): string {
  return line.replace(/^.*?\b(?:FATAL|PANIC|ERROR|LOG|error):\s*/, '').trim()
}
