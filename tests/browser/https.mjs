// What only an https issuer has, as a browser sees it: cookies that no other host can plant, and that plain http is over.
// Over TLS alone; see run.
import assert from 'node:assert/strict'
import { ISSUER, Person, curl, scenario, telephone } from './lib.mjs'

const COOKIES = { '__Host-mintmark': 'session', '__Host-mintmark-form': 'form', '__Host-mintmark-secret': 'secret' }
const PLAIN = ISSUER.replace('https:', 'http:')

async function cookies(person) {
  const all = await person.context.cookies(ISSUER)
  for (const { name, secure, httpOnly, sameSite, path, domain } of all) {
    assert.ok(COOKIES[name], `cookie ${name}`)
    assert.deepEqual({ secure, httpOnly, sameSite, path, domain },
      { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: new URL(ISSUER).hostname }, name)
  }
  return Object.fromEntries(all.map(({ name, value, expires }) => [COOKIES[name], { value, expires }]))
}

scenario('https: cookies have the prefix __Host- and every flag, from sign-up to sign-out', async () => {
  const person = await Person.open()
  await person.go('/signin')
  assert.deepEqual(Object.keys(await cookies(person)), ['form'])
  await person.close()
  const alice = await Person.invited()
  const first = await cookies(alice)
  assert.deepEqual(Object.keys(first).sort(), ['form', 'session'])
  assert.ok(first.session.expires > Date.now() / 1000)
  assert.equal(first.form.expires, -1) // until the browser ends
  assert.equal(await alice.page.evaluate(() => document.cookie), '')
  await alice.go('/tokens/new')
  await alice.fill('Name', 'over TLS')
  const [made] = await Promise.all([alice.page.waitForResponse((answer) => answer.status() === 303), alice.press('Create')])
  assert.match((await made.allHeaders())['set-cookie'],
    /^__Host-mintmark-secret=[^;]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=300$/m)
  assert.deepEqual(Object.keys(await cookies(alice)).sort(), ['form', 'session']) // shown: the key of the secret is gone
  await alice.press('Sign out')
  assert.deepEqual(Object.keys(await cookies(alice)), ['form'])
  await alice.go('/signin')
  await alice.signIn()
  assert.notEqual((await cookies(alice)).session.value, first.session.value)
  await alice.close()
})

// RFC 6265bis 4.1.3.2: what a neighbour or somebody on the line may plant has another name, and is not read.
scenario('https: a session without the prefix is none', async () => {
  const person = await Person.invited()
  const { session } = await cookies(person)
  await person.context.clearCookies()
  await person.context.addCookies([{ name: 'mintmark', value: session.value, url: ISSUER }])
  await person.go('/account')
  assert.match(person.path(), /^\/signin/)
  await person.close()
})

// RFC 6797
scenario('https: after one visit the browser itself goes by TLS', async () => {
  const person = await Person.open()
  const { 'strict-transport-security': policy } = (await person.go('/signin')).headers()
  assert.match(policy, /^max-age=(\d{8,})/)
  person.allowed.push(PLAIN)
  const internal = person.page.waitForResponse(`${PLAIN}/signin`)
  await person.page.goto(`${PLAIN}/signin`)
  assert.equal((await (await internal).allHeaders())['non-authoritative-reason'], 'HSTS')
  assert.ok(person.page.url().startsWith(ISSUER))
  await person.close()
})

scenario('https: plain http at the same port gets no page and no cookie', async () => {
  let answer = ''
  try {
    answer = curl('-i', `${PLAIN}/signin`)
  } catch { /* closed: as good */ }
  assert.ok(!/set-cookie|<form/i.test(answer), answer)
})

scenario('https: every page says Strict-Transport-Security, errors and redirects too', async () => {
  const person = await Person.open()
  for (const [path, status] of [['/signin', 200], ['/nothing-here', 404]])
    assert.match((await person.go(path, status)).headers()['strict-transport-security'], /max-age=/, path)
  assert.match(curl('-i', `${ISSUER}/tokens`), /^HTTP\S+ 303[\s\S]*strict-transport-security: max-age=/i)
  await person.close()
})

scenario('https: a passkey belongs to the name', async () => {
  const person = await Person.invited()
  await telephone(person)
  await person.go('/account/passkeys')
  assert.equal(await person.page.evaluate(() => isSecureContext), true)
  await person.fill('Name', 'My telephone')
  await person.press('Add')
  await person.sees('My telephone')
  await person.close()
})
