import { render } from 'preact'
import type { SiteIndex } from '../site-data.ts'
import { App } from './app.tsx'
import { loadChunk } from './chunks.ts'
import { openSite } from './site.ts'
import './style.css'

const root = document.getElementById('site')
if (root !== null) {
  loadChunk<SiteIndex>('index').then(
    (index) => {
      root.replaceChildren()
      render(<App site={openSite(index)} />, root)
    },
    () => {
      root.textContent =
        'The data of this site is missing: the folder data must lie beside index.html.'
    },
  )
}
