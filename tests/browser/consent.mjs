// An app that people sign in to (OpenID Connect code flow with PKCE): consent, its withdrawal, signing out.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { ISSUER, Person, cli, curl, scenario } from './lib.mjs'

// The app's side: a server of its own that remembers what was posted to it.
const posted = []
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (data) => { body += data })
  request.on('end', () => {
    if (request.method === 'POST') posted.push(body)
    response.setHeader('Content-Type', 'text/html').end('<title>app</title><link rel=icon href="data:,"><h1>The app</h1>')
  })
})
await new Promise((listening) => { server.listen(0, '127.0.0.1', listening) })
server.unref()
const HOME = `http://127.0.0.1:${server.address().port}`
const BACK = `${HOME}/back`
const BYE = `${HOME}/bye`

const app = (name, ...more) => cli('client', 'create', '--kind', 'app', '--native', '--name', name, '--redirect-uri', BACK,
  '--logout-uri', BYE, '--scope', 'openid profile email offline_access', ...more)
const program = (name) => app(name, '--auth', 'none').client_id // without a secret

async function invited() {
  const person = await Person.invited()
  person.allowed.push(`${HOME}/`)
  return person
}

function request(client, more = {}) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({ client_id: client, response_type: 'code', redirect_uri: BACK, state: 'S', nonce: 'N',
    scope: 'openid email', code_challenge_method: 'S256',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'), ...more })
  return { verifier, path: `/oauth2/authorize?${query}` }
}

const answer = (person) => new URL(person.page.url()).searchParams

const redeem = ({ client_id: id, client_secret: secret }, verifier, code) => JSON.parse(curl('-u', `${id}:${secret}`,
  '-d', 'grant_type=authorization_code', '-d', `code=${code}`, '-d', `code_verifier=${verifier}`, '--data-urlencode', `redirect_uri=${BACK}`, `${ISSUER}/oauth2/token`))

scenario('consent: sign in on the way, allow once, take it back, deny', async () => {
  const album = app('Photo album')
  const client = album.client_id
  const person = await invited()
  await person.press('Sign out')
  const first = request(client)
  await person.go(first.path)
  assert.match(person.path(), /^\/signin\?continue=/)
  await person.signIn()
  await person.look('consent')
  await person.sees('Photo album')
  await person.press('Allow')
  await person.page.waitForURL(`${BACK}?**`)
  assert.equal(answer(person).get('state'), 'S')
  assert.equal(answer(person).get('iss'), ISSUER)
  const tokens = redeem(album, first.verifier, answer(person).get('code'))
  const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url'))
  assert.equal(claims.nonce, 'N')
  assert.equal(claims.iss, ISSUER)
  await person.page.goto(ISSUER + request(client).path)
  await person.page.waitForURL(`${BACK}?**`) // nobody is asked twice
  assert.ok(answer(person).get('code'))
  await person.go('/account/apps')
  await person.look('account-apps')
  await person.follow('Take access away')
  await person.look('account-apps-end')
  await person.press('Take access away')
  await person.go(request(client).path)
  await person.press("Don't allow")
  await person.page.waitForURL(`${BACK}?**`)
  assert.equal(answer(person).get('error'), 'access_denied')
  await person.close()
})

scenario('a program that can not prove what it is: somebody is asked each time', async () => {
  const client = program('Anybody')
  const person = await invited()
  for (const round of ['first', 'second']) {
    await person.go(request(client).path)
    await person.sees("It can't prove that it is what it says")
    if (round === 'first') await person.look('consent-unproven')
    await person.press('Allow')
    await person.page.waitForURL(`${BACK}?**`)
  }
  await person.close()
})

scenario('form_post: the answer goes to the app by a page of its own', async () => {
  const client = program('Poster')
  const person = await invited()
  await person.go(request(client, { response_mode: 'form_post' }).path)
  await person.press('Allow')
  await person.page.waitForURL(BACK)
  const answer = new URLSearchParams(posted.at(-1))
  assert.ok(answer.get('code') && answer.get('state') === 'S' && answer.get('iss') === ISSUER)
  await person.close()
})

scenario('a request that is no good never leaves our pages', async () => {
  const client = program('Careful')
  const person = await Person.invited()
  await person.go(request(client, { redirect_uri: 'https://evil.example/' }).path, 400)
  await person.look('authorize-bad-redirect')
  await person.go(request('mmc_none').path, 400)
  assert.ok(person.page.url().startsWith(ISSUER))
  await person.close()
})

scenario('an app asks to sign out here too', async () => {
  const client = program('Leaver')
  const person = await invited()
  await person.go(`/oauth2/logout?${new URLSearchParams({ client_id: client, post_logout_redirect_uri: BYE, state: 'T' })}`)
  await person.look('logout')
  await person.page.locator('main').getByRole('button', { name: 'Sign out' }).click()
  await person.page.waitForURL(`${BYE}?state=T`)
  await person.go('/account')
  assert.match(person.path(), /^\/signin/)
  await person.close()
})
