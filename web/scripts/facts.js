// Asks only what the chosen kind of document needs, and why something is recorded late as soon as that is known. Without it everything is
// asked, and what is not needed is left alone.
const root = document.querySelector('[data-facts]')
const kind = root?.querySelector('[data-kind]')
const DAY = 24 * 60 * 60 * 1000
const london = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric' })

// clockOf gives what London's clocks show at an instant, as if it were UTC.
function clockOf (instant) {
  const p = Object.fromEntries(london.formatToParts(instant).map(x => [x.type, Number(x.value)]))
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute)
}

// instantOf finds the first instant at which London's clocks show this.
const instantOf = shown => [shown - DAY / 24, shown].find(t => clockOf(t) === shown)

const typed = name => root.querySelector(`[name="${name}"]`)?.value.trim() ?? ''

// timeOf reads a time of day in minutes; NaN for what does not say one.
function timeOf (text) {
  text = text.toLowerCase()
  if (text === 'noon' || text === 'midday') return 12 * 60
  if (text === 'midnight') return 0
  const m = /^(\d{1,2})(?:[.: ]?(\d{2}))?\s*([ap])?\.?(?:m\.?)?$/.exec(text)
  if (!m || (!m[3] && m[1][0] !== '0' && m[1] >= 1 && m[1] <= 12)) return NaN
  const hour = m[3] ? m[1] % 12 + (m[3] === 'p' ? 12 : 0) : Number(m[1])
  return hour * 60 + Number(m[2] ?? 0)
}

// happened is when it happened, or the end of that day while no time is said.
function happened () {
  const [d, m, y] = ['day', 'month', 'year'].map(p => Number(typed('event_at-' + p)))
  const day = Date.UTC(y, m - 1, d)
  if (!(y > 1899) || new Date(day).getUTCDate() !== d || new Date(day).getUTCMonth() !== m - 1) return null
  const time = timeOf(typed('event_at-time'))
  return { day, at: instantOf(day + (Number.isNaN(time) ? 1439 : time) * 60000) }
}

function ago (days) {
  const [n, word] = days < 100 ? [days, 'day'] : days < 730 ? [Math.round(days / 30.44), 'month'] : [Math.floor(days / 365), 'year']
  return `That is ${n} ${word}${n === 1 ? '' : 's'} ago.`
}

function lateness () {
  const box = root.querySelector('[data-late]')
  if (!box) return
  const h = happened()
  const late = h && h.at !== undefined && Date.now() - h.at > DAY
  box.hidden = !late && !box.querySelector('.govuk-error-message') && !box.querySelector('textarea').value
  if (late) box.querySelector('[data-ago]').textContent = ago(Math.round((Math.floor(clockOf(Date.now()) / DAY) * DAY - h.day) / DAY))
}

function fit () {
  const chosen = kind.selectedOptions ? kind.selectedOptions[0] : kind
  const is = name => Boolean(chosen.dataset[name])
  const show = { restricted: root.querySelector('[data-section] input:checked')?.value === 'restricted', event: is('event'), arrives: is('arrives') || !kind.selectedOptions, holds: !is('event') && kind.value !== '' }
  for (const part of root.querySelectorAll('[data-for]')) part.hidden = !show[part.dataset.for]
}

// told asks who told the author, where somebody did.
function told () {
  const who = root.querySelector('[data-told]')
  if (who) who.hidden = !root.querySelector('#know-told').checked
}

if (kind) {
  for (const words of root.querySelectorAll('[data-plain]')) words.hidden = true
  root.addEventListener('change', fit)
  root.addEventListener('input', lateness)
  root.addEventListener('change', told)
  fit()
  told()
  lateness()
}
