import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

type Theme = 'light' | 'dark'

/** The system's theme until another is chosen here. */
export function ThemeSwitch(): JSX.Element {
  const [theme, setTheme] = useState<Theme>(startTheme)
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <button
      type="button"
      class="theme"
      title={`Switch to ${other}`}
      onClick={() => {
        apply(other)
        remember(other)
        setTheme(other)
      }}
    >
      <span aria-hidden="true">{theme === 'dark' ? '☀' : '☾'}</span>
      <span class="for-readers">Switch to {other} colours</span>
    </button>
  )
}

function startTheme(): Theme {
  const stored = recall()
  if (stored !== undefined) apply(stored)
  return stored ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')
}

function apply(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  // What is drawn on a canvas knows nothing of style sheets.
  dispatchEvent(new Event('themechange'))
}

// A browser may refuse storage to a page from a file.
function recall(): Theme | undefined {
  try {
    const stored = localStorage.getItem('gm-theme')
    return stored === 'light' || stored === 'dark' ? stored : undefined
  } catch {
    return undefined
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem('gm-theme', theme)
  } catch {
    // It holds until the page is left.
  }
}
