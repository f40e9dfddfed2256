// The person in front of Chromium: from a page of the app that nobody sees unasked, by our sign-in page, back to that
// page; then signed out at both. Usage: node browser.mjs password|factor|passkey [asked]; ISSUER, APP_PORT, PERSON and PASSWORD
// by environment. The issuer is a name and the app an address: another site, as it is outside.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { createRequire } from 'node:module'
const { chromium } = createRequire(new URL('../node/', import.meta.url))('playwright-core')

const { ISSUER, APP_PORT, PERSON, PASSWORD } = process.env
const APP = `http://127.0.0.1:${APP_PORT}`
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'],
  timeout: 180000 })
const context = await browser.newContext()
context.setDefaultTimeout(60000)
const page = await context.newPage()
const problems = []
page.on('console', (message) => { if (/Content.Security|form-action|Refused/.test(message.text())) problems.push(message.text()) })

const press = (name) => page.locator('main').getByRole('button', { name, exact: true }).click()
const fill = (label, value) => page.getByLabel(label, { exact: true }).fill(value)
const headed = (name) => page.getByRole('heading', { name }).waitFor()

// The code of an authenticator app (RFC 6238), so many steps from now.
function code(key, later) {
  const bits = [...key].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('')
  const counter = Buffer.alloc(8)
  counter.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30000) + later))
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0')
}

async function password() {
  await fill('E-mail address', PERSON)
  await fill('Password', PASSWORD)
  await press('Sign in')
}

// What the person has set up before; gives the way to sign in with it.
const ways = {
  password: async () => password,
  factor: async () => {
    await page.goto(`${ISSUER}/account/totp`)
    await password()
    await press('Set up')
    await page.locator('img.qr').waitFor()
    const key = (await page.locator('code').innerText()).replace(/\s/g, '')
    await fill('Code', code(key, 0))
    await press('Switch on')
    await page.locator('#codes').waitFor()
    return async () => {
      await password()
      await fill('Code', code(key, 1))
      await press('Go on')
    }
  },
  passkey: async () => {
    await page.addInitScript(() => {
      if (globalThis.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false
    })
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal',
      hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
    await page.goto(`${ISSUER}/account/passkeys`)
    await password()
    await fill('Name', 'Telephone')
    await press('Add')
    await page.getByRole('button', { name: /^Delete/ }).waitFor()
    return () => press('Sign in with a passkey')
  },
}

// To the app's page and into it. asked: whether the person has to agree.
async function visit(signIn, asked) {
  await page.goto(`${APP}/private/page.html`)
  assert.ok(page.url().startsWith(`${ISSUER}/signin?`), page.url())
  const [arrived] = await Promise.all([
    page.waitForResponse((response) => response.url() === `${APP}/private/page.html` && response.status() === 200),
    signIn().then(() => (asked ? press('Allow') : null)),
  ])
  await headed('inside')
  assert.equal(page.url(), `${APP}/private/page.html`)
  const headers = await arrived.allHeaders()
  assert.match(headers['x-seen-user'], /^mma_/)
  assert.equal(headers['x-seen-email'], PERSON)
}

async function leave() {
  await page.goto(`${APP}/private/callback?${new URLSearchParams({ logout: `${APP}/bye.html` })}`)
  if (page.url().startsWith(ISSUER)) await press('Sign out')
  await headed('bye')
  await page.goto(`${ISSUER}/account`)
  assert.ok(page.url().startsWith(`${ISSUER}/signin`), 'still signed in here')
}

try {
  const signIn = await ways[process.argv[2]]()
  await context.clearCookies()
  await visit(signIn, process.argv[3] === 'asked')
  assert.equal((await page.goto(`${APP}/wrong/page.html`)).status(), 401)
  await leave()
  if (process.argv[3] === 'asked') { // now the form of the sign-in itself leads to the app
    await visit(signIn, false)
    await leave()
  }
  assert.deepEqual(problems, [])
} catch (error) {
  console.error(page.url(), problems, await page.locator('body').innerText().catch(() => ''))
  throw error
} finally {
  await browser.close()
}
