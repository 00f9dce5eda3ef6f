// What a browser sees at `/`: where things are. The console will stand here.

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

export function frontPage(version: string, faces: Readonly<Record<string, string>>): string {
  const rows = Object.entries(faces).map(
    ([name, address]) => `<tr><td>${plain(name)}</td><td><code>${plain(address)}</code></td></tr>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Hookswitch</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 4rem auto; padding: 0 1rem; color: #1c2733 }
  h1 { color: #0a7d4b } td { padding: .1rem 1.2rem .1rem 0 } code { background: #f0f3f6; padding: .1rem .3rem; border-radius: 4px }
  @media (prefers-color-scheme: dark) { body { background: #12181f; color: #dbe4ec } code { background: #1f2933 } h1 { color: #4fd39b } a { color: #7cc4ff } }
</style></head><body>
<h1>☎ Hookswitch <small>${plain(version)}</small></h1>
<p>The switch is up. Applications speak to it below <code>/v2</code> with their API key; telephones call over SIP.</p>
<table>${rows.join('')}</table>
<ul>
  <li><a href="/docs">API document</a> (OpenAPI)</li>
  <li><a href="/readyz">readiness</a>, <a href="/healthz">health</a>, <a href="/metrics">figures</a></li>
</ul>
<p>In a shell: <code>npx hookswitch status</code>, <code>npx hookswitch tail</code>, <code>npx hookswitch credentials</code>.</p>
</body></html>
`
}

function plain(text: string): string {
  return text.replaceAll(/[&<>"]/g, (one) => escapes[one] ?? one)
}
