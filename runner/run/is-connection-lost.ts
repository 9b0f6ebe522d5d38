import { GmError } from '../base/error.ts'

/** Whether what was thrown says that the session is no more. */
export function isConnectionLost(error: unknown): boolean {
  return error instanceof GmError && (error.code === 'GM4004' || error.code === 'GM4002')
}
