import { createInterface } from 'node:readline/promises'
import { GmError } from '../base/error.ts'
import type { Project } from '../project/project.ts'
import type { Io } from './io.ts'

/**
 * Asks for the project's name before something is deleted.
 * @throws GmError GM1010 where there is nobody to ask.
 */
export async function confirmByName(
  project: Project,
  io: Io,
  command: string,
  question: string,
): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new GmError('GM1010', `${command} deletes data and cannot ask here`, {
      hint: 'Pass --yes to delete without being asked.',
    })
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await prompt.question(io.safe(`${question} Type the project's name: `))
    return answer.trim() === project.name
  } finally {
    prompt.close()
  }
}
