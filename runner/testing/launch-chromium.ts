import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'
import { inject } from 'vitest'

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

/** A new process of the Chromium that start-chromium.ts found; close it. */
export async function launchChromium(): Promise<Browser> {
  return await chromium.launch({ executablePath: inject('chromium'), args: ARGUMENTS })
}
