import type { CommandAction } from '../command-spec.ts'
export const ingestFileCommand: CommandAction = () => Promise.reject(new Error('not yet'))
