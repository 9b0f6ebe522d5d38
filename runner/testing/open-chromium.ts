import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'

/** Without the network that a browser looks for when it starts. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A new process of a Chromium; close it. */
export async function openChromium(program: string): Promise<Browser> {
  return await chromium.launch({ executablePath: program, args: ARGUMENTS })
}
