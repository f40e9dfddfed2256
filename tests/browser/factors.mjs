// Second factors: codes of an authenticator app (RFC 6238), recovery codes.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { Person, scenario } from './lib.mjs'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function base32(text) {
  const bits = [...text].map((c) => ALPHABET.indexOf(c).toString(2).padStart(5, '0')).join('')
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
}

// The code of this moment, or so many steps of 30 seconds later.
function code(key, later = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigInt64BE(BigInt(Math.floor(Date.now() / 30000) + later))
  const mac = createHmac('sha1', base32(key)).update(counter).digest()
  const at = mac[19] & 15
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0')
}

scenario('an authenticator app: set up, sign in, recovery codes, switch off', async () => {
  const person = await Person.invited()
  await person.go('/account/totp')
  await person.look('totp-off')
  await person.press('Set up')
  await person.look('totp-scan')
  const key = (await person.page.locator('code').innerText()).replace(/\s/g, '')
  assert.ok(await person.page.locator('img.qr').evaluate((image) => image.complete && image.naturalWidth > 0))
  const wrong = code(key) === '000000' ? '000001' : '000000'
  await person.fill('Code', wrong)
  await person.press('Switch on', 400)
  await person.look('totp-wrong')
  await person.fill('Code', code(key))
  await person.press('Switch on')
  const recovery = (await person.page.locator('#codes').innerText()).trim().split(/\s+/)
  await person.look('totp-recovery')
  await person.follow('I have kept them')
  await person.look('totp-on')
  await person.press('Sign out')
  await person.go('/tokens')
  await person.signIn()
  assert.match(person.path(), /^\/signin\/factor/)
  await person.look('factor')
  await person.fill('Code', code(key, 1)) // one that was not used yet
  await person.press('Go on')
  assert.equal(person.path(), '/tokens') // where the person wanted to go
  await person.press('Sign out')
  await person.go('/signin')
  await person.signIn()
  await person.fill('Code', recovery[0])
  await person.press('Go on')
  await person.press('Sign out')
  await person.go('/signin')
  await person.signIn()
  await person.fill('Code', recovery[0]) // once
  await person.press('Go on', 403)
  await person.look('factor-wrong')
  await person.close()
})
