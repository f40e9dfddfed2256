// Passkeys (WebAuthn), with the virtual authenticator of Chromium's debugging protocol.
import assert from 'node:assert/strict'
import { ISSUER, Person, scenario, telephone } from './lib.mjs'

scenario('a passkey: added, signed in with, deleted', async () => {
  const person = await Person.invited()
  await telephone(person)
  // Else the question that hangs on the e-mail field is answered before anybody can look at the page.
  await person.page.addInitScript(() => { PublicKeyCredential.isConditionalMediationAvailable = async () => false })
  await person.go('/account/passkeys')
  await person.look('passkeys-none')
  await person.fill('Name', 'My telephone')
  await person.press('Add')
  await person.sees('My telephone')
  await person.look('passkeys')
  await person.press('Sign out')
  await person.go('/account/totp')
  await person.look('signin-passkey')
  await person.press('Sign in with a passkey')
  assert.equal(person.path(), '/account/totp') // where the person wanted to go, and as fresh as this page needs it
  await person.go('/account/passkeys')
  await person.sees(/last used/)
  await person.page.getByRole('button', { name: /^Delete/ }).click()
  await person.page.getByRole('button', { name: 'Delete', exact: true }).waitFor()
  await person.look('passkeys-delete')
  await person.press('Delete')
  await person.sees('You have none yet')
  await person.press('Sign out')
  await person.go('/signin')
  await person.press('Sign in with a passkey', 403) // the telephone still has it
  await person.look('signin-passkey-gone')
  await person.close()
})

scenario('a passkey is offered in the e-mail field', async () => {
  const person = await Person.invited()
  await telephone(person)
  await person.go('/account/passkeys')
  await person.fill('Name', 'My telephone')
  await person.press('Add')
  await person.context.clearCookies() // the page behind "Sign out" would be answered too, and lead away
  await person.page.goto(ISSUER + '/signin?continue=%2Ftokens%2Fnew', { waitUntil: 'commit' })
  await person.page.waitForURL('**/tokens/new')
  await person.close()
})
