// Gathers files that are chosen, dropped or photographed one after the other, and sends the form with its progress shown. The form, its
// address and its answers are the same as without script.
const form = document.querySelector('form[data-upload]')
const part = form.querySelector('[data-files]')
const input = part.querySelector('.govuk-drop-zone input[type=file]')
const photo = part.querySelector('[data-camera] input')
const list = part.querySelector('[data-chosen]')
const facts = form.querySelector('[data-facts]')
const title = form.querySelector('[name=title]')
const sending = form.querySelector('[data-sending]')
const actions = form.querySelector('[data-actions]')
const trouble = form.querySelector('[data-trouble]')
const limit = Number(part.dataset.limit)
const most = Number(part.dataset.most)
let files = []
let suggested = ''
let request = null

const say = (place, words) => { part.querySelector(place).textContent = words }
const sizeOf = n => n >= 1e9 ? (n / 1e9).toFixed(1) + ' GB' : n >= 1e6 ? (n / 1e6).toFixed(1) + ' MB' : n >= 1000 ? Math.round(n / 1000) + ' KB' : n + ' bytes'

// add takes files to those that are there. What can be told now need not be sent first.
function add (fresh) {
  const words = []
  for (const f of fresh) {
    if (files.some(g => g.name === f.name && g.size === f.size && g.lastModified === f.lastModified)) continue
    if (f.size > limit) words.push(`${f.name} is larger than ${part.dataset.limitWords}, which is the most that can be kept here. It was left out.`)
    else if (most === 1) files = [f]
    else if (files.length === most) words.push(`${f.name} was left out: ${most} files are the most that can be sent together.`)
    else files.push(f)
  }
  show(words.join(' '))
}

let own = false // the change event is ours

function show (words) {
  const all = new DataTransfer()
  for (const f of files) all.items.add(f)
  input.files = all.files
  own = true
  input.dispatchEvent(new Event('change')) // for the button that names what was chosen
  own = false
  list.replaceChildren(...files.map(line))
  list.hidden = files.length === 0
  const several = files.length > 1
  if (facts) facts.hidden = several
  say('[data-files-status]', words || (several && facts ? `${files.length} files. Next, you say what each one is.` : ''))
  suggest(several)
}

function line (file) {
  const li = document.createElement('li')
  const name = document.createElement('span')
  name.textContent = `${file.name}, ${sizeOf(file.size)}`
  const away = document.createElement('button')
  away.type = 'button'
  away.className = 'app-button-link'
  away.textContent = 'Remove'
  const which = document.createElement('span')
  which.className = 'govuk-visually-hidden'
  which.textContent = ' ' + file.name
  away.append(which)
  away.addEventListener('click', () => {
    files = files.filter(f => f !== file)
    show(`${file.name} was removed.`)
    part.querySelector('.govuk-file-upload-button')?.focus()
  })
  li.append(name, ' ', away)
  return li
}

// suggest names one file's document after it, as long as no title was typed.
function suggest (several) {
  if (!title || (title.value !== '' && title.value !== suggested)) return
  const name = files.length === 1 ? files[0].name.replace(/\.[^.]*$/, '').replace(/[_\s]+/g, ' ').trim() : ''
  suggested = several ? '' : name.charAt(0).toUpperCase() + name.slice(1)
  title.value = suggested
}

// worry says what stands in the way. Everything stays as it was.
function worry (words, signIn = false) {
  request = null
  sending.hidden = true
  actions.hidden = false
  trouble.querySelector('[data-trouble-words]').textContent = words
  trouble.querySelector('[data-trouble-in]').hidden = !signIn
  trouble.hidden = false
  trouble.focus()
}

// signedIn asks before anything is sent: a session may have ended meanwhile.
async function signedIn () {
  const answer = await fetch('/signed-in', { redirect: 'manual', cache: 'no-store' })
  await answer.text()
  return answer.ok
}

async function send (event) {
  if (files.length === 0 || event.defaultPrevented) return
  event.preventDefault()
  if (request) return
  request = new XMLHttpRequest()
  trouble.hidden = true
  try {
    if (!await signedIn()) return worry('You have been signed out. Your files and what you typed are still here, and nothing has been sent. Sign in again, come back to this tab, and send it.', true)
  } catch {
    return worry('Custodian cannot be reached just now. Check your connection, and send it again. Your files and what you typed are still here.')
  }
  const bar = sending.querySelector('progress')
  const words = sending.querySelector('[data-sending-words]')
  let told = -1
  request.upload.addEventListener('progress', e => {
    if (!e.lengthComputable) return
    bar.value = 100 * e.loaded / e.total
    const tenth = Math.floor(bar.value / 10)
    if (tenth === told) return
    told = tenth
    words.textContent = tenth === 10 ? 'All is sent. It is being checked and kept.' : `${tenth * 10} percent is sent.`
  })
  request.addEventListener('load', answered)
  request.addEventListener('error', () => worry('Sending broke off, and nothing was kept. Check your connection, and send it again. Your files and what you typed are still here.'))
  request.addEventListener('abort', () => worry('Sending was stopped, and nothing was kept. Your files and what you typed are still here.'))
  request.open('POST', form.action)
  request.setRequestHeader('Custodian-Script', '1')
  request.send(new FormData(form))
  bar.value = 0
  words.textContent = files.length === 1 ? 'Sending one file.' : `Sending ${files.length} files.`
  actions.hidden = true
  sending.hidden = false
  sending.querySelector('[data-stop]').focus()
}

function answered () {
  const { status, responseText } = request
  const next = request.getResponseHeader('Location')
  if (status === 201 && next) return window.location.assign(next)
  if (status === 401) return worry('You have been signed out, and nothing was kept. Your files and what you typed are still here. Sign in again, come back to this tab, and send it.', true)
  const page = new DOMParser().parseFromString(responseText, 'text/html')
  const summary = page.querySelector('.govuk-error-summary')
  if (!summary) return worry(page.querySelector('main p')?.textContent ?? 'Something went wrong on our side, and nothing was kept. Send it again in a while.')
  mend(page, summary)
}

// mend shows what the answer says has to be put right, here, where the files still are.
function mend (page, summary) {
  request = null
  sending.hidden = true
  actions.hidden = false
  for (const old of document.querySelectorAll('.govuk-error-summary, .govuk-error-message')) old.remove()
  for (const old of document.querySelectorAll('.govuk-form-group--error')) old.classList.remove('govuk-form-group--error')
  for (const message of page.querySelectorAll('.govuk-error-message')) {
    const group = document.getElementById(message.id.replace(/-error$/, ''))?.closest('.govuk-form-group:has(> fieldset), .govuk-form-group:has(> label)')
    group?.classList.add('govuk-form-group--error')
    group?.querySelector('legend, label').after(document.adoptNode(message))
  }
  summary.tabIndex = -1
  document.querySelector('main').prepend(document.adoptNode(summary))
  if (!document.title.startsWith('Error: ')) document.title = 'Error: ' + document.title
  if (facts) facts.hidden = files.length > 1
  summary.focus()
}

input.addEventListener('change', () => { if (!own) add(input.files) })
photo.addEventListener('change', () => { add(photo.files); photo.value = '' })
if (!window.matchMedia('(any-pointer: coarse)').matches) photo.closest('[data-camera]').hidden = true
form.addEventListener('submit', send)
sending.querySelector('[data-stop]').addEventListener('click', () => request?.abort())
if (files.length === 0 && input.files.length > 0) add(input.files) // the browser brought back what was chosen
