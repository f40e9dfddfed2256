// What the scenarios share: one Chromium, people in front of it, and what must hold on every page that they see.
//
//   scenario('name', async () => {
//     const alice = await Person.invited()              // an account, signed in, in a browser of its own
//     await alice.go('/tokens')                         // status 200, or another that is named
//     await alice.fill('Name', 'x'); await alice.press('Create')
//     await alice.look('tokens')                        // accessible, light and dark, fits a phone; pictures
//     await alice.close()                               // and nothing was wrong meanwhile
//   })
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chromium } from 'playwright-core'

const { BINARY, CONFIG, PICTURES, CHROMIUM } = process.env
// The pass over TLS has the fingerprint of its key, and its name, which leads to this machine.
const { SPKI, NAME } = process.env
export const { ISSUER, MAILS } = process.env
export const HTTPS = ISSUER.startsWith('https:')
export const PASSWORD = 'tr0mbone gravel sunday kiln'
const PHONE = { width: 360, height: 740 }
const DESK = { width: 1280, height: 800 }
const OF_APPEARANCE = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size']
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const scenarios = []
export const scenario = (name, run) => scenarios.push({ name, run })

let browser
let people = 0
let pictures = 0

async function open() {
  // Chromium's own sandbox does not start as root; what it shows here is ours alone.
  const args = process.getuid() === 0 ? ['--no-sandbox'] : []
  if (SPKI) args.push(`--ignore-certificate-errors-spki-list=${SPKI}`, `--host-resolver-rules=MAP ${NAME} 127.0.0.1`)
  browser ??= await chromium.launch({ executablePath: CHROMIUM, args, timeout: 180000 })
  return browser
}

export async function close() {
  await browser?.close()
}

const run = (command, args) =>
  execFileSync(command, args, { encoding: 'utf8', timeout: 120000, stdio: ['ignore', 'pipe', 'pipe'] })
// The command line against the server that runs.
export const cli = (...args) => JSON.parse(run(BINARY, [...args, '--config', CONFIG, '--json']) || 'null')
// A line as a person pastes it.
export const shell = (line) => run('sh', ['-euc', line])
export const curl = (...args) => run('curl', ['-sS', '--noproxy', '*', '--max-time', '60', ...args])

// The link in the newest mail to somebody; waits until there is one.
export async function linkFor(address) {
  for (let left = 3000; left > 0; left--) {
    const mails = readdirSync(MAILS).filter((name) => name.endsWith('.eml')).sort().reverse()
      .map((name) => readFileSync(`${MAILS}/${name}`, 'utf8'))
    const link = mails.find((mail) => mail.toLowerCase().includes(`to: ${address}`))?.match(/https?:\/\/\S+token=\S+/)
    if (link) return link[0]
    await new Promise((done) => { setTimeout(done, 20) })
  }
  throw new Error(`no mail to ${address}`)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text) {
  const bits = [...text].map((c) => ALPHABET.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
}

// The code of this moment, or so many steps of 30 seconds later.
export function code(key, later = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30000) + later))
  const mac = createHmac('sha1', base32(key)).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0')
}

// What axe says in the page that is there; only what matters. rules: these alone.
async function inaccessible(page, rules) {
  const found = await page.evaluate((only) => globalThis.axe.run(document,
    { preload: false, resultTypes: ['violations'], ...(only && { runOnly: only }) }), rules)
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`)
}

export class Person {
  constructor(context, page) {
    Object.assign(this, { context, page, problems: [], refusals: new Set(), allowed: [ISSUER + '/', 'data:'] })
    this.watch(page)
  }

  // options: script (false: switched off), and what newContext takes.
  static async open({ script = true, ...more } = {}) {
    const context = await (await open()).newContext({ javaScriptEnabled: script, viewport: DESK, ...more })
    context.setDefaultTimeout(60000)
    return new Person(context, await context.newPage())
  }

  // With an account of its own, made by an invitation; signed in.
  static async invited({ roles = [], name, ...options } = {}) {
    const person = await Person.open(options)
    person.number = ++people
    person.email = `person${person.number}@example.com`
    person.name = name ?? `Person ${person.number}`
    const { link } = cli('account', 'invite', person.email, ...roles.flatMap((role) => ['--role', role]))
    await person.go(link)
    await person.fill('Your name', person.name)
    await person.fill('Password', PASSWORD)
    await person.press('Create account')
    return person
  }

  // Whatever page it is: nothing of a stranger, nothing that the policy forbids, no error of a script.
  watch(page) {
    page.on('pageerror', (error) => this.problems.push(`script: ${error}`))
    page.on('console', (message) => {
      const [, status] = /^Failed to load resource: .* status of (\d+)/.exec(message.text()) ?? []
      if (['error', 'warning'].includes(message.type()) && !this.refusals.has(Number(status)))
        this.problems.push(`console on ${page.url()}: ${message.text()}`)
    })
    page.on('request', (request) => {
      if (!this.allowed.some((start) => request.url().startsWith(start)))
        this.problems.push(`request to ${request.url()} from ${page.url()}`)
    })
    page.on('response', (response) => {
      if (response.status() >= 500) this.problems.push(`${response.status()} of ${response.url()}`)
    })
  }

  async go(path, status = 200) {
    const url = new URL(path, ISSUER + '/').href
    this.refusals.add(status)
    const response = await this.page.goto(url)
    assert.equal(response.status(), status, `${url} gave ${response.status()}: ${await this.text()}`)
    return response
  }

  // A field by its label, a button and a link by what they say.
  field(label) { return this.page.getByLabel(label, { exact: true }) }
  async fill(label, value) { await this.field(label).fill(value) }
  // Gives the answer to the form. status: of a page that refuses, or several that will do.
  async press(label, status = 200) {
    const statuses = [status].flat()
    statuses.forEach((one) => this.refusals.add(one))
    const [response] = await Promise.all([
      this.page.waitForResponse((answer) => answer.request().isNavigationRequest() && answer.status() !== 303),
      this.page.getByRole('button', { name: label, exact: true }).click(),
    ])
    await this.page.waitForLoadState()
    assert.ok(statuses.includes(response.status()), `"${label}" gave ${response.status()}: ${await this.text()}`)
    return response
  }

  async follow(label) {
    await this.page.getByRole('link', { name: label, exact: true }).click()
    await this.page.waitForLoadState()
  }

  path() { return this.page.url().slice(ISSUER.length) }
  text() { return this.page.locator('body').innerText() }
  heading() { return this.page.locator('h1').innerText() }
  async sees(text) {
    const all = await this.text()
    assert.ok(text instanceof RegExp ? text.test(all) : all.includes(text), `no ${text} on ${this.path()}: ${all}`)
  }

  async signIn(email = this.email, password = PASSWORD, status = 200) {
    await this.fill('E-mail address', email)
    await this.fill('Password', password)
    await this.press('Sign in', status)
  }

  // The page as it is now, in both schemes and both widths; then as before.
  async look(name) {
    if (HTTPS) return // seen in the other pass
    const number = String(++pictures).padStart(3, '0')
    assert.equal(await this.page.locator('h1').count(), 1, `${name}: one h1`)
    assert.ok(await this.page.locator('html[lang]').count(), `${name}: no lang`)
    await this.page.evaluate(axe)
    for (const [colorScheme, size, rules] of [['dark', PHONE, OF_APPEARANCE], ['light', DESK]]) {
      await this.page.emulateMedia({ colorScheme })
      await this.page.setViewportSize(size)
      const width = await this.page.evaluate(() => document.documentElement.scrollWidth)
      assert.ok(width <= size.width, `${name} scrolls sideways: ${width} px at ${size.width}`)
      const wrong = await inaccessible(this.page, rules)
      assert.deepEqual(wrong, [], `${name}, ${colorScheme}: ${wrong.join('\n')}`)
      await this.page.screenshot({ path: `${PICTURES}/${number}-${name}-${colorScheme}.png`, fullPage: true })
    }
  }

  async close() {
    await this.context.close()
    assert.deepEqual(this.problems, [])
  }
}

// Somebody's telephone: it has a screen lock that its owner opens at once.
export async function telephone(person) {
  const cdp = await person.context.newCDPSession(person.page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true } })
}
