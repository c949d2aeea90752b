// Builds web/built: the style sheet, scripts, fonts and pictures that the pages use, each under a name that carries a hash of what is
// in it, and manifest.json, which says what each plain name became. The same sources give the same bytes. Run by "npm run build".
import crypto from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from 'sass'

const here = path.dirname(fileURLToPath(import.meta.url))
const out = path.join(here, 'built')
const modules = path.join(here, 'node_modules')
const fonts = path.join(modules, '@fontsource-variable')

// sources gives every asset by its plain name, as it is before the names in it are replaced.
function sources () {
  const found = new Map([['app.css', Buffer.from(styles())]])
  for (const folder of ['img', 'scripts']) {
    for (const name of fs.readdirSync(path.join(here, folder))) found.set(name, fs.readFileSync(path.join(here, folder, name)))
  }
  for (const [name, from] of [
    ['govuk-frontend.min.js', `${modules}/govuk-frontend/dist/govuk/govuk-frontend.min.js`],
    ['icon-document.svg', `${modules}/@ministryofjustice/frontend/moj/assets/images/icon-document.svg`],
    ['hanken-normal.woff2', `${fonts}/hanken-grotesk/files/hanken-grotesk-latin-wght-normal.woff2`],
    ['hanken-italic.woff2', `${fonts}/hanken-grotesk/files/hanken-grotesk-latin-wght-italic.woff2`],
    ['mono.woff2', `${fonts}/atkinson-hyperlegible-mono/files/atkinson-hyperlegible-mono-latin-wght-normal.woff2`]
  ]) found.set(name, fs.readFileSync(from))
  return found
}

// The address of a source map in a script that came with one: the map is not served.
const mapped = /\/\/# sourceMappingURL=\S*\s*$/

function styles () {
  return compile(path.join(here, 'scss/app.scss'), { loadPaths: [here, modules], style: 'compressed', quietDeps: true }).css
}

// mentions finds the places in which one asset names another: url(name) in a style sheet, from './name' in a script.
const mentions = {
  '.css': /(?<=url\(["']?)(?!data:)([^"')]+)(?=["']?\))/g,
  '.js': /(?<=\b(?:from|import)\s*\(?["']\.\/)([^"']+)(?=["'])/g
}

// finish names every asset by the hash of its final bytes. An asset that names others is finished after them.
function finish (found) {
  const done = new Map()
  const one = (name, by) => {
    if (done.has(name)) {
      if (!done.get(name)) throw new Error(`${by} and ${name} name each other, so neither can be hashed first`)
      return done.get(name).hashed
    }
    if (!found.has(name)) throw new Error(`${by} names ${name}, which is not there`)
    done.set(name, null)
    const { name: stem, ext } = path.parse(name)
    let bytes = found.get(name)
    if (mentions[ext]) bytes = Buffer.from(bytes.toString('utf8').replace(mapped, '').replace(mentions[ext], other => one(other, name)))
    const hashed = `${stem}.${crypto.createHash('sha256').update(bytes).digest('hex').slice(0, 10)}${ext}`
    done.set(name, { hashed, bytes })
    return hashed
  }
  for (const name of found.keys()) one(name)
  return done
}

// write empties the folder, but for the file that keeps it, and fills it. The manifest comes last: where there is one, all is there.
function write (done) {
  fs.mkdirSync(out, { recursive: true })
  for (const name of fs.readdirSync(out)) if (name !== '.gitignore') fs.rmSync(path.join(out, name), { recursive: true })
  for (const { hashed, bytes } of done.values()) fs.writeFileSync(path.join(out, hashed), bytes)
  const manifest = Object.fromEntries([...done].map(([name, { hashed }]) => [name, hashed]).sort(([a], [b]) => a < b ? -1 : 1))
  fs.writeFileSync(path.join(out, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n')
}

const done = finish(sources())
write(done)
console.log(`web/built: ${done.size} assets, app.css ${Math.round(done.get('app.css').bytes.length / 1000)} KB`)
