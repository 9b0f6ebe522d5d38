// Run by `npm run build` after tsc, which writes files without the executable bit.
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const main = `${root}dist/runner/cli/main.js`
chmodSync(main, 0o755)

// npm links the bins of dependencies, not those of the package itself, and `npx gm` in a clone would install the clone
// into npx's cache first (tried with npm 11: slow, and it fails where that cache cannot be written).
const bin = `${root}node_modules/.bin`
if (process.platform !== 'win32' && existsSync(bin)) {
  rmSync(`${bin}/gm`, { force: true })
  symlinkSync('../../dist/runner/cli/main.js', `${bin}/gm`)
}
