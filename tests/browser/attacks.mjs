// ATTACKS 47: what somebody does to the console. The names are of the list.
import assert from 'node:assert/strict'
import { ISSUER, Person, cli, scenario } from './lib.mjs'

const XSS = `"><img src=x onerror=document.title='hit'><script>document.title='hit'</script>{{csrf}}`

scenario('test_attack_47_stored_xss: names of people, credentials and APIs are text', async () => {
  cli('api', 'create', '--audience', 'https://xss.example/', '--name', XSS, '--scope', `a ${XSS}`)
  const person = await Person.invited({ name: XSS.slice(0, 100) })
  await person.go('/tokens/new')
  await person.sees(XSS)
  await person.fill('Name', XSS)
  await person.page.getByRole('checkbox', { name: /^a / }).first().check()
  await person.press('Create')
  await person.look('xss-made')
  await person.follow('I have copied it')
  for (const path of [person.path(), '/tokens', person.path().replace('/show', '/edit')]) {
    await person.go(path)
    assert.equal(await person.page.locator('img[src=x], main script').count(), 0, path)
    assert.ok(!(await person.page.title()).startsWith('hit'), path)
  }
  await person.close()
})

scenario('test_attack_47_headers: nobody frames, keeps or sniffs a page', async () => {
  const person = await Person.invited()
  for (const path of ['/tokens', '/tokens/new', '/account/totp', '/signin']) {
    const { 'cache-control': cache, 'content-security-policy': policy, ...headers } = (await person.go(path)).headers()
    assert.match(cache, /no-store/, path)
    assert.match(policy, /default-src 'none'/, path)
    assert.match(policy, /frame-ancestors 'none'/, path)
    assert.match(policy, /base-uri 'none'/, path)
    assert.ok(!policy.includes('unsafe'), path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['referrer-policy'], 'no-referrer', path)
  }
  await person.close()
})

scenario('test_attack_47_clickjacking: no other site shows ours in a frame', async () => {
  const person = await Person.invited()
  person.allowed.push('http://evil.localhost/')
  await person.context.route('http://evil.localhost/', (route) => route.fulfill({
    contentType: 'text/html', body: `<title>evil</title><iframe src="${ISSUER}/tokens" width=600 height=400></iframe>` }))
  await person.page.goto('http://evil.localhost/')
  const [, frame] = person.page.frames()
  await frame.waitForLoadState()
  assert.equal(frame.url(), 'chrome-error://chromewebdata/')
  person.problems.length = 0
  await person.close()
})

// A form of another site, sent by the victim's browser with the victim's cookies.
async function forge(person, path, fields) {
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join('')
  person.allowed.push('http://evil.localhost/')
  await person.context.route('http://evil.localhost/', (route) => route.fulfill({
    contentType: 'text/html', body: `<form method="post" action="${ISSUER}${path}">${inputs}<button>win</button></form>` }))
  await person.page.goto('http://evil.localhost/')
  const [response] = await Promise.all([
    person.page.waitForResponse((answer) => answer.url() === ISSUER + path),
    person.page.getByRole('button').click(),
  ])
  await person.context.unroute('http://evil.localhost/')
  person.problems.length = 0 // the console names the status
  return response.status()
}

scenario('test_attack_47_csrf: forms of another site change nothing', async () => {
  const person = await Person.invited()
  await person.go('/tokens/new')
  await person.fill('Name', 'victim')
  await person.press('Create')
  const id = (await person.page.locator('#client-id').innerText()).trim()
  for (const [path, more] of [['/tokens/delete', {}], ['/tokens/rotate', { overlap: '0' }], ['/tokens/disable', {}],
    ['/tokens/new', { name: 'forged' }], ['/signout', {}]]) {
    const status = await forge(person, path, { id, csrf: 'x'.repeat(43), ...more })
    assert.ok(status === 403 || status === 400 || status === 303, `${path}: ${status}`)
  }
  await person.go('/tokens')
  await person.sees('victim') // still signed in, and nothing happened
  assert.ok(!(await person.text()).includes('forged'))
  await person.go(`/tokens/show?id=${id}`)
  assert.ok(!(await person.text()).includes('A rotation is under way'))
  await person.close()
})

scenario('test_attack_47_the_secret_is_shown_once', async () => {
  const person = await Person.invited()
  await person.go('/tokens/new')
  await person.fill('Name', 'once')
  await person.press('Create')
  const { page } = person
  const shown = page.url()
  const secret = (await page.locator('#secret').innerText()).trim()
  assert.ok(!shown.includes(secret))
  const again = await page.reload()
  assert.match(again.headers()['cache-control'], /no-store/)
  assert.ok(!(await person.text()).includes(secret))
  await person.look('tokens-gone')
  await person.go('/tokens')
  await page.goBack()
  assert.ok(!(await person.text()).includes(secret))
  await page.goto(shown)
  assert.ok(!(await person.text()).includes(secret))
  person.problems.length = 0
  await person.close()
})
