// From an app to our sign-in page and back, by every way to sign in. Chromium holds all redirects that follow a form to
// the policy of the page with the form (form-action), and the way ends at the app: other clients don't notice.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { ISSUER, PASSWORD, Person, cli, code, scenario, telephone } from './lib.mjs'

// An app whose callback goes on by itself, at `inside` of an address, or of another one as if it were another site.
const serve = (response, text) =>
  response.setHeader('Content-Type', 'text/html').end(`<title>app</title><link rel=icon href="data:,"><h1>${text}</h1>`)
const answer = (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://app')
  if (pathname !== '/back') return serve(response, 'Inside')
  const error = searchParams.get('error') || (searchParams.get('code') ? '' : 'no code')
  return error ? serve(response, error) : response.writeHead(303, { Location: searchParams.get('state') }).end()
}
async function listen(host) {
  const server = createServer(answer)
  await new Promise((done, failed) => { server.once('error', failed).listen(0, host, done) })
  server.unref()
  return server.address().port
}
const PORT = await listen('127.0.0.1')
const SITE = `http://127.0.0.1:${PORT}`
const OTHER = `http://127.0.0.1:${await listen('127.0.0.1')}`

// trusted: nobody is asked, so that the sign-in's own form is the one that leads to the app.
const app = (name, trusted, back = `${SITE}/back`) => cli('client', 'create', '--kind', 'app', '--native', '--name', name, '--redirect-uri', back,
  '--scope', 'openid email', ...(trusted ? ['--trusted'] : [])).client_id

// Where the app sends the browser; it ends at `inside`.
function ask(client, { inside = `${SITE}/inside`, back = `${SITE}/back`, ...more } = {}) {
  const challenge = createHash('sha256').update('v'.repeat(43)).digest('base64url')
  return '/oauth2/authorize?' + new URLSearchParams({ client_id: client, response_type: 'code', redirect_uri: back,
    state: inside, scope: 'openid email', code_challenge_method: 'S256', code_challenge: challenge, ...more })
}

async function invited() {
  const person = await Person.invited()
  person.allowed.push('http://127.0.0.1:', 'http://[::1]:')
  return person
}

const arrives = async (person, inside = `${SITE}/inside`) => {
  await person.page.waitForURL(inside)
  assert.equal(await person.heading(), 'Inside')
}

async function withCodes(person) {
  await person.go('/account/totp')
  await person.press('Set up')
  const key = (await person.page.locator('code').innerText()).replace(/\s/g, '')
  await person.fill('Code', code(key))
  await person.press('Switch on')
  return key
}

for (const trusted of [true, false]) {
  const agree = (person) => (trusted ? null : person.press('Allow'))
  const how = trusted ? 'at once' : 'by consent'

  scenario(`chain: password, ${how}`, async () => {
    const client = app(`Password ${how}`, trusted)
    const person = await invited()
    await person.press('Sign out')
    await person.go(ask(client))
    await person.signIn(person.email, 'wrong password of somebody', 403) // the page that says so leads on too
    await person.signIn()
    await agree(person)
    await arrives(person)
    await person.close()
  })

  scenario(`chain: second factor, ${how}`, async () => {
    const client = app(`Factor ${how}`, trusted)
    const person = await invited()
    const key = await withCodes(person)
    await person.press('Sign out')
    await person.go(ask(client))
    await person.signIn()
    await person.fill('Code', code(key) === '000000' ? '000001' : '000000')
    await person.press('Go on', 403)
    await person.fill('Code', code(key, 1))
    await person.press('Go on')
    await agree(person)
    await arrives(person)
    await person.close()
  })

  scenario(`chain: passkey, ${how}`, async () => {
    const client = app(`Passkey ${how}`, trusted)
    const person = await invited()
    await telephone(person)
    await person.page.addInitScript(() => { globalThis.PublicKeyCredential && (PublicKeyCredential.isConditionalMediationAvailable = async () => false) })
    await person.go('/account/passkeys')
    await person.fill('Name', 'My telephone')
    await person.press('Add')
    await person.press('Sign out')
    await person.go(ask(client))
    await person.press('Sign in with a passkey')
    await agree(person)
    await arrives(person)
    await person.close()
  })

  scenario(`chain: somebody new, by an invitation beside the app's tab, ${how}`, async () => {
    const client = app(`New ${how}`, trusted)
    const person = await Person.open()
    person.allowed.push('http://127.0.0.1:')
    await person.go(ask(client))
    assert.match(person.path(), /^\/signin\?continue=/)
    const { link } = cli('account', 'invite', `new${trusted ? 1 : 2}@example.com`)
    const first = person.page
    person.page = await person.context.newPage()
    await person.go(link)
    await person.fill('Your name', 'Nina New')
    await person.fill('Password', PASSWORD)
    await person.press('Create account')
    person.page = first
    await person.page.reload() // what waits there knows that somebody is signed in
    await agree(person)
    await arrives(person)
    await person.close()
  })
}

scenario('chain: an app whose callback leads on to another site', async () => {
  for (const trusted of [true, false]) {
    const client = app(`Further ${trusted}`, trusted)
    const person = await invited()
    await person.press('Sign out')
    await person.go(ask(client, { inside: `${OTHER}/inside` }))
    await person.signIn()
    if (!trusted) await person.press('Allow')
    await arrives(person, `${OTHER}/inside`)
    await person.close()
  }
})

scenario('chain: form_post, right after the password', async () => {
  const client = app('Posts', true)
  const person = await invited()
  await person.press('Sign out')
  await person.go(ask(client, { response_mode: 'form_post' }))
  await person.signIn()
  await person.page.waitForURL(`${SITE}/back`)
  await person.close()
})

scenario('chain: a program that listens on IPv6', async () => {
  let port
  try { port = await listen('::1') } catch { return } // this machine has none
  const back = `http://[::1]:${port}/back`, inside = `http://[::1]:${port}/inside`
  const client = app('Six', false, back)
  const person = await invited()
  await person.press('Sign out')
  await person.go(ask(client, { back, inside }))
  await person.signIn()
  await person.press('Allow')
  await arrives(person, inside)
  await person.close()
})
