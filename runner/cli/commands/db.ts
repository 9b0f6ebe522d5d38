import type { CommandAction } from '../command-spec.ts'
export const dbStartCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const dbStopCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const dbStatusCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const dbUrlCommand: CommandAction = () => Promise.reject(new Error('not yet'))
export const dbResetCommand: CommandAction = () => Promise.reject(new Error('not yet'))
