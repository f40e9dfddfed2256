// Second factors: codes of an authenticator app (RFC 6238), recovery codes.
import assert from 'node:assert/strict'
import { Person, code, scenario } from './lib.mjs'

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
