// The administrator: made by the link of `mintmark init`, sees every page that there is, invites, verifies, rotates.
import assert from 'node:assert/strict'
import { ISSUER, PASSWORD, Person, cli, scenario } from './lib.mjs'

const { ADMIN_LINK } = process.env

// Whatever links lead to, each page once.
async function walk(person, start) {
  const seen = new Set()
  const waiting = [start]
  while (waiting.length > 0) {
    const url = waiting.shift()
    const { pathname } = new URL(url)
    if (seen.has(pathname)) continue
    seen.add(pathname)
    await person.go(url)
    await person.look(`walk${new URL(person.page.url()).pathname.replaceAll('/', '-')}`)
    const links = await person.page.locator('a[href]').evaluateAll((all) => all.map(({ href }) => href))
    waiting.push(...links.filter((href) => href.startsWith(ISSUER + '/')))
  }
  return seen
}

scenario('the first administrator: every page, an invitation, the audit trail, a new key', async () => {
  const person = await Person.open()
  await person.go(ADMIN_LINK)
  await person.fill('E-mail address', 'admin@example.com')
  await person.fill('Your name', 'Administrator')
  await person.fill('Password', PASSWORD)
  await person.press('Create account')
  await person.go('/tokens/new')
  await person.fill('Name', 'of the administrator')
  await person.press('Create')
  const seen = await walk(person, `${ISSUER}/admin`)
  for (const path of ['/account/totp', '/admin/accounts/invite', '/admin/apis/new', '/admin/audit/verify', '/admin/keys/rotate',
    '/admin/clients/show', '/tokens/regenerate'])
    assert.ok(seen.has(path), `no way to ${path}: ${[...seen].join(' ')}`)
  await person.go('/admin/accounts/invite')
  await person.page.getByRole('textbox').first().fill('guest@example.com')
  await person.page.locator('main form button').click()
  const link = (await person.page.locator('#link').innerText()).trim()
  await person.look('admin-link')
  const guest = await Person.open()
  await guest.go(link)
  await guest.fill('Your name', 'Guest')
  await guest.fill('Password', PASSWORD)
  await guest.press('Create account')
  await guest.go('/admin', 404)
  await guest.close()
  await person.go('/admin/audit/verify')
  await person.press('Verify')
  await person.sees(/All \d+ entries fit/)
  await person.look('admin-verified')
  await person.close()
})

scenario('an app of the console: made, its addresses corrected line by line, kept whole', async () => {
  const person = await Person.invited({ roles: ['Admin'] })
  const { page } = person
  const addresses = person.field('Answers go to (redirect URIs)')
  await person.go('/admin/clients')
  await person.follow('New app')
  await person.look('app-new')
  await person.fill('Name', 'Photo album')
  await addresses.fill('https://album.example/back\n\nhttps://album.example/#fragment')
  await page.getByRole('radio', { name: /^Not at all/ }).check()
  await person.press('Create', 400)
  await person.sees('Answers go to, line 3: the address has a fragment')
  assert.equal(await addresses.inputValue(), 'https://album.example/back\n\nhttps://album.example/#fragment')
  await addresses.fill('https://album.example/back')
  await person.press('Create')
  assert.match(person.path(), /^\/admin\/clients\/show/) // nothing to copy: it has no secret
  const id = new URL(page.url()).searchParams.get('id')
  assert.equal(await page.getByRole('link', { name: 'Rotate the secret' }).count(), 0)
  await person.look('app')
  await person.follow('Change the app')
  await person.look('app-edit')
  await person.fill('Name', 'Pictures')
  await addresses.fill('https://album.example/back\nhttp://127.0.0.1/back')
  await person.press('Save', 400)
  await person.sees('line 2')
  await page.getByRole('radio', { name: /^On a telephone/ }).check()
  await page.getByRole('radio', { name: 'By a secret', exact: true }).check()
  await person.fill('After sign-out (post-logout redirect URIs)', 'https://album.example/bye')
  await person.fill('Only from these networks', '192.0.2.0/24')
  await page.getByRole('checkbox', { name: /^It must push/ }).check()
  await person.press('Save')
  const app = cli('client', 'show', id)
  assert.deepEqual([app.client_name, app.redirect_uris, app.post_logout_redirect_uris, app.application_type, app.scope,
    app.networks, app.require_pushed_authorization_requests, app.trusted, app.token_endpoint_auth_method],
  ['Pictures', ['https://album.example/back', 'http://127.0.0.1/back'], ['https://album.example/bye'], 'native',
    'email openid profile', ['192.0.2.0/24'], true, false, 'any'])
  await person.follow('Rotate the secret') // it has none yet
  await page.locator('main form button').click()
  assert.match(await page.locator('#secret').innerText(), /^mms_/)
  await person.follow('I have copied it')
  await person.sees(/New secret: …\S{4}\s+You\s+127\.0\.0\.1/)
  await person.close()
})

scenario('who is no administrator changes no app', async () => {
  const { client_id: id } = cli('client', 'create', '--kind', 'app', '--name', 'Mine', '--redirect-uri', 'https://mine.example/')
  const person = await Person.invited()
  await person.go(`/admin/clients/edit?id=${id}`, 404)
  await person.go(`/tokens/edit?id=${id}`, 404)
  await person.close()
})

const PETS = JSON.stringify({ openapi: '3.0.3', info: { title: 'Pets', version: '1' }, paths: { '/pets': {
  get: { security: [{ o: ['pets:read'] }], responses: { 200: { description: 'ok' } } },
  post: { security: [{ o: ['pets:read', 'pets:write'] }, { o: ['pets:all'] }], responses: { 200: { description: 'ok' } } } } },
components: { securitySchemes: { o: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' } } } })

scenario('scopes of an API from an OpenAPI file: seen first, then replaced', async () => {
  const { api_id: id } = cli('api', 'create', '--audience', 'https://pets.example/', '--name', 'Pets', '--scope', 'pets:read', '--scope', 'pets:old')
  const scopes = () => cli('api', 'show', id).scopes.map(({ name }) => name).sort()
  const person = await Person.invited({ roles: ['Admin'] })
  await person.go(`/admin/apis/show?id=${id}`)
  await person.follow('Scopes from OpenAPI')
  await person.look('import')
  await person.fill('The OpenAPI document', '{')
  await person.press('Read it', 400)
  await person.look('import-wrong')
  await person.page.getByLabel('Or choose its file').setInputFiles({ name: 'pets.json', mimeType: 'application/json', buffer: Buffer.from(PETS) })
  await person.page.waitForFunction((text) => document.getElementById('document').value === text, PETS)
  await person.press('Read it')
  await person.look('import-read')
  await person.sees(/GET \/pets\s+pets:read\s/)
  await person.sees(/POST \/pets\s+pets:read and pets:write, or pets:all/)
  await person.sees(/Go\s+pets:old/)
  assert.deepEqual(scopes(), ['pets:old', 'pets:read'])
  await person.press('Replace the scopes')
  assert.match(person.path(), /^\/admin\/apis\/show/)
  assert.deepEqual(scopes(), ['pets:all', 'pets:read', 'pets:write'])
  await person.look('api')
  await person.close()
})
