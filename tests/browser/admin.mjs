// The administrator: made by the link of `mintmark init`, sees every page that there is, invites, verifies, rotates.
import assert from 'node:assert/strict'
import { ISSUER, PASSWORD, Person, scenario } from './lib.mjs'

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
