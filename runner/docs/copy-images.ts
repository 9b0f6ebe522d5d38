import { copyFileSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'

const IMAGES = new Set(['.png', '.jpg', '.jpeg', '.gif', '.webp', '.avif', '.svg'])

/**
 * Copies the images of the project's asset folders into the site, at the same paths, so that `![](assets/plan.png)` in
 * a description finds them. Only images, and no links: what is outside of the folders stays outside of the site.
 */
export function copyImages(root: string, folders: readonly string[], site: string): void {
  const copy = (path: string): void => {
    const found = lstatSync(join(root, path), { throwIfNoEntry: false })
    if (found?.isDirectory() === true) {
      for (const name of readdirSync(join(root, path))) copy(join(path, name))
    } else if (found?.isFile() === true && IMAGES.has(extname(path).toLowerCase())) {
      mkdirSync(dirname(join(site, path)), { recursive: true })
      copyFileSync(join(root, path), join(site, path))
    }
  }
  for (const folder of folders) copy(folder)
}
