// Settings → Tokens: create, use by curl, rotate without downtime, revoke, delete.
import assert from 'node:assert/strict'
import { ISSUER, Person, cli, curl, scenario, shell } from './lib.mjs'

const AUDIENCE = 'https://api.example/tokens'

function api() {
  const known = cli('api', 'list')
  if (!JSON.stringify(known).includes(AUDIENCE))
    cli('api', 'create', '--audience', AUDIENCE, '--name', 'Measurements', '--scope', 'read Read points', '--scope', 'write')
}

const token = (id, secret) => JSON.parse(curl('-u', `${id}:${secret}`, '-d', 'grant_type=client_credentials',
  `${ISSUER}/oauth2/token`))

async function made(person) {
  const text = async (id) => (await person.page.locator(id).innerText()).trim()
  return { id: await text('#client-id'), secret: await text('#secret'), curl: await text('#curl'), env: await text('#env') }
}

scenario('a credential: create, use, rotate, revoke, rename, delete', async () => {
  api()
  const person = await Person.invited()
  await person.go('/tokens')
  await person.look('tokens-none')
  await person.follow('New token credential')
  await person.look('tokens-new')
  await person.fill('Name', 'nightly report')
  await person.page.getByRole('checkbox', { name: /^read / }).check()
  await person.press('Create')
  await person.look('tokens-made')
  const first = await made(person)
  assert.ok(JSON.parse(shell(first.curl)).access_token) // as a person pastes it
  assert.ok(shell(`${first.env}\nprintf %s "$MINTMARK_CLIENT_SECRET"`) === first.secret)
  await person.follow('I have copied it')
  await person.sees('nightly report')
  await person.follow('Rotate the secret')
  await person.look('tokens-rotate')
  await person.page.locator('main form button').click()
  await person.page.waitForURL('**/tokens/made*')
  const second = await made(person)
  assert.equal(second.id, first.id)
  assert.notEqual(second.secret, first.secret)
  for (const { id, secret } of [first, second]) assert.ok(token(id, secret).access_token) // both, meanwhile
  await person.follow('I have copied it')
  await person.sees('A rotation is under way')
  for (let left = 100; left > 0 && !/was last used .* from 1 host/.test(await person.text()); left--) {
    await new Promise((done) => { setTimeout(done, 100) }) // figures are gathered for a second
    await person.page.reload()
  }
  await person.sees(/was last used .* from 1 host/)
  await person.sees(/New secret: …\S{4}\s+You\s+127\.0\.0\.1/)
  await person.look('tokens-show')
  await person.page.getByRole('link', { name: /Finish the rotation|End the old secret now/ }).click()
  await person.look('tokens-revoke')
  await person.page.locator('main form button').click()
  await person.page.waitForURL('**/tokens/show*')
  assert.equal(token(first.id, first.secret).error, 'invalid_client')
  assert.ok(token(second.id, second.secret).access_token)
  await person.follow('Name, scopes and networks')
  await person.look('tokens-edit')
  await person.fill('Name', 'weekly report')
  await person.press('Save')
  await person.go('/tokens')
  await person.sees('weekly report')
  await person.look('tokens')
  await person.follow('weekly report')
  await person.follow('Delete')
  await person.look('tokens-delete')
  await person.page.locator('main form button').click()
  await person.page.waitForURL(/\/tokens(\?.*)?$/)
  assert.equal(token(second.id, second.secret).error, 'invalid_client')
  await person.close()
})

scenario('a credential for some networks is no good elsewhere', async () => {
  api()
  const person = await Person.invited()
  await person.go('/tokens/new')
  await person.fill('Name', 'from afar')
  await person.fill('Only from these networks', '192.0.2.0/24')
  await person.press('Create')
  const { id, secret } = await made(person)
  assert.equal(token(id, secret).error, 'unauthorized_client')
  await person.close()
})

scenario('what is asked for wrongly is told beside the form', async () => {
  api()
  const person = await Person.invited()
  await person.go('/tokens/new')
  await person.fill('Name', 'x')
  await person.fill('Only from these networks', 'not a network')
  await person.press('Create', 400)
  await person.look('tokens-new-wrong')
  assert.equal(await person.field('Name').inputValue(), 'x')
  await person.close()
})
