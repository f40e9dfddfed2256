// Accounts: made by an invitation or by oneself, signed in to by password; the sign-in page's weight; without script.
import assert from 'node:assert/strict'
import { ISSUER, PASSWORD, Person, cli, scenario } from './lib.mjs'

scenario('sign-up by invitation, sign-out, sign-in by password', async () => {
  const alice = await Person.open()
  const { link } = cli('account', 'invite', 'alice@example.com')
  await alice.go(link)
  await alice.look('invite')
  await alice.fill('Your name', 'Alice')
  await alice.fill('Password', 'password12')
  await alice.press('Create account', 422)
  await alice.look('invite-weak-password')
  await alice.fill('Password', PASSWORD)
  await alice.press('Create account')
  assert.equal(alice.path(), '/tokens')
  await alice.press('Sign out')
  await alice.go('/account')
  assert.match(alice.path(), /^\/signin\?continue=/)
  await alice.look('signin')
  await alice.signIn('alice@example.com', 'wrong password', 403)
  await alice.look('signin-wrong')
  await alice.signIn('alice@example.com')
  assert.equal(alice.path(), '/account') // where the person wanted to go
  await alice.go(link, 410)
  await alice.look('invite-used')
  await alice.close()
})

scenario('without script: sign-up, sign-in, a credential', async () => {
  const person = await Person.invited({ script: false })
  await person.press('Sign out')
  await person.go('/tokens')
  await person.signIn()
  await person.follow('New token credential')
  await person.fill('Name', 'without script')
  await person.press('Create')
  assert.match(await person.page.locator('#secret').innerText(), /^mms_/)
  assert.equal(await person.page.getByRole('button', { name: /Copy/ }).count(), 0) // they need the script
  await person.close()
})

scenario('the sign-in page weighs less than 15 KB, of ourselves alone', async () => {
  const person = await Person.open()
  const cdp = await person.context.newCDPSession(person.page)
  const requests = []
  let bytes = 0
  await cdp.send('Network.enable')
  cdp.on('Network.requestWillBeSent', ({ request }) => requests.push(request.url))
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength })
  await person.go('/signin')
  await person.page.waitForLoadState('networkidle')
  assert.ok(bytes > 0 && bytes < 15 * 1024, `${bytes} bytes`)
  assert.ok(requests.every((url) => url.startsWith(ISSUER)), requests.join(' '))
  console.log(`the sign-in page: ${bytes} bytes in ${requests.length} requests`)
  await person.close()
})

// Tab to what has this name, and see that the focus can be seen.
async function tabTo(page, role, name) {
  const target = page.getByRole(role, { name, exact: true })
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab')
    if (!await target.evaluate((element) => element === document.activeElement)) continue
    assert.notEqual(await target.evaluate((element) => getComputedStyle(element).outlineStyle), 'none')
    return
  }
  throw new Error(`no way to the ${role} "${name}" by Tab`)
}

scenario('by keyboard alone: sign-in and a credential', async () => {
  const person = await Person.invited()
  await person.press('Sign out')
  await person.go('/signin')
  const { page } = person
  const { keyboard } = page
  assert.ok(await person.field('E-mail address').evaluate((element) => element === document.activeElement))
  await keyboard.type(person.email)
  await keyboard.press('Tab')
  await keyboard.type(PASSWORD)
  await keyboard.press('Enter')
  await page.waitForURL('**/tokens')
  await keyboard.press('Tab')
  await person.sees('Skip to content')
  await tabTo(page, 'link', 'New token credential')
  await keyboard.press('Enter')
  await page.waitForURL('**/tokens/new')
  await tabTo(page, 'textbox', 'Name')
  await keyboard.type('by keyboard')
  await tabTo(page, 'button', 'Create')
  await keyboard.press('Enter')
  await page.waitForURL('**/tokens/made*')
  await tabTo(page, 'link', 'I have copied it')
  await keyboard.press('Enter')
  await page.waitForURL('**/tokens/show*')
  assert.equal(await person.heading(), 'by keyboard')
  await person.close()
})

scenario('pages that say no', async () => {
  const person = await Person.invited()
  await person.go('/nothing-here', 404)
  await person.look('not-found')
  await person.go('/admin', 404) // as if there were none
  await person.go('/invite?token=mml_x', 410)
  await person.look('link-gone')
  await person.go('/tokens/show?id=mmc_none', 404)
  await person.look('no-such-credential')
  await person.close()
})

scenario('what is wrong with a page is seen', async () => {
  const spoilers = {
    'a field without label': () => document.querySelector('label[for=password]').remove(),
    'pale text': () => { document.querySelector('label').style.color = '#888' },
    'wider than a phone': () => { document.querySelector('main').style.width = '400px' },
  }
  for (const [what, spoil] of Object.entries(spoilers)) {
    const person = await Person.open({ bypassCSP: true })
    await person.go('/signin')
    await person.page.evaluate(spoil)
    await assert.rejects(person.look('spoiled'), what)
    await person.close()
  }
  const person = await Person.open()
  await person.go('/signin')
  await person.page.evaluate(() => { document.querySelector('h1').setAttribute('style', 'color: red') }) // against the policy
  await person.page.evaluate(() => { document.body.append(Object.assign(new Image(), { src: 'http://evil.localhost/x.png' })) })
  await assert.rejects(person.close(), /Content Security Policy/)
})
