import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Site } from './site.ts'

export const SiteContext = createContext<Site | undefined>(undefined)

export function useSite(): Site {
  const site = useContext(SiteContext)
  if (site === undefined) throw new Error('no site around this part')
  return site
}
