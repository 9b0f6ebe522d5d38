// Run by npm at the end of an installation, and once more by the first `npx gm`: to call a package's command in its own folder,
// npx installs the folder as a link, which prepares it again. What stands then was built by the installation.
import { execSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const isCalledByNpx = process.env.npm_command === 'exec'
if (!isCalledByNpx || !existsSync(`${root}/dist/gm.cjs`))
  execSync('npm run build', { cwd: root, stdio: 'inherit' })
