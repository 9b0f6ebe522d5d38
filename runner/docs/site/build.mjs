// Run by `npm run build`: writes the docs site's one script and one style sheet into dist/site. The script is a classic
// one, since a browser loads no modules from files.
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

await build({
  configFile: false,
  root: fileURLToPath(new URL('.', import.meta.url)),
  logLevel: 'warn',
  build: {
    outDir: fileURLToPath(new URL('../../../dist/site', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    cssCodeSplit: false,
    lib: { entry: 'main.tsx', name: 'gmSite', formats: ['iife'], fileName: () => 'site.js' },
    rolldownOptions: { output: { assetFileNames: 'site.[ext]' } },
  },
})
