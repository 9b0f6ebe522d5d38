import type { SiteIndex } from './site-data.ts'

/**
 * The one page of the site. Its scripts are classic ones, since a browser loads no modules from files, and the policy
 * lets nothing be loaded from elsewhere. A version in their addresses keeps an old copy from mixing with new data.
 */
export function indexPage(index: SiteIndex): string {
  const version = Date.parse(index.generatedAt).toString(36)
  const title = escapeHtml(index.project)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'">
<meta name="color-scheme" content="light dark">
<meta name="gm-version" content="${version}">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="site.css?${version}">
</head>
<body>
<div id="site"><noscript>This site is drawn by its scripts: please allow them.</noscript></div>
<script src="data/index.js?${version}"></script>
<script src="site.js?${version}"></script>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
