// A device without a browser (RFC 8628), approved by somebody who has one.
import assert from 'node:assert/strict'
import { ISSUER, Person, cli, curl, scenario } from './lib.mjs'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

// RFC 7591: the program registers itself.
function device() {
  const app = JSON.parse(curl('-H', `Authorization: Bearer ${cli('client', 'registration-token').registration_token}`,
    '-H', 'Content-Type: application/json', `${ISSUER}/oauth2/register`, '-d', JSON.stringify({
      client_name: 'Television', grant_types: [GRANT], token_endpoint_auth_method: 'none', scope: 'openid' })))
  const answer = JSON.parse(curl('-d', `client_id=${app.client_id}&scope=openid`, `${ISSUER}/oauth2/device_authorization`))
  assert.ok(answer.device_code, JSON.stringify([app, answer]))
  return { ...answer, client_id: app.client_id }
}

const poll = ({ client_id: client, device_code: code }) => JSON.parse(curl('-d', `client_id=${client}`,
  '-d', `grant_type=${GRANT}`, '-d', `device_code=${code}`, `${ISSUER}/oauth2/token`))

scenario('a device: the code is typed, approved, and good for a token', async () => {
  const tv = device()
  const person = await Person.invited()
  await person.go(tv.verification_uri)
  await person.look('device')
  await person.fill('Code', 'BBBB-BBBB')
  await person.press('Continue', 400)
  await person.look('device-wrong')
  await person.fill('Code', tv.user_code.toLowerCase())
  await person.press('Continue')
  await person.look('device-confirm')
  await person.sees('Television')
  await person.press('Approve')
  await person.look('device-approved')
  assert.ok(poll(tv).access_token)
  await person.close()
})

scenario('a device that is denied gets nothing', async () => {
  const tv = device()
  const person = await Person.invited()
  await person.go(tv.verification_uri_complete)
  await person.press('Deny')
  await person.look('device-denied')
  assert.equal(poll(tv).error, 'access_denied')
  await person.close()
})
