// openid-client, unmodified, as an app that people sign in to: code + PKCE, form_post, PAR, refresh, userinfo, introspection,
// revocation, device grant, logout. Reads ISSUER, APP_ID, APP_SECRET (empty: public), REDIRECT, LOGOUT, BROWSER (the program that plays the
// person); prints "N passed, N failed" at the end.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as openid from 'openid-client'

const { ISSUER: issuer, APP_ID: id, APP_SECRET: secret, REDIRECT: redirect, LOGOUT: logout, BROWSER: browser, ALG: alg } = process.env

const tests = []
const test = (name, run) => tests.push({ name, run })
const go = (url) => new URL(execFileSync(browser, [url.href], { encoding: 'utf8' }).trim())

const configuration = await openid.discovery(new URL(issuer), id,
  { client_secret: secret || undefined, id_token_signed_response_alg: alg },
  secret ? openid.ClientSecretBasic(secret) : openid.None(), { execute: [openid.allowInsecureRequests] })

async function login(more = {}, pushed = false) {
  const verifier = openid.randomPKCECodeVerifier()
  const parameters = {
    redirect_uri: redirect, scope: 'openid email offline_access', state: openid.randomState(), nonce: openid.randomNonce(),
    code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...more,
  }
  const url = pushed ? await openid.buildAuthorizationUrlWithPAR(configuration, parameters)
    : openid.buildAuthorizationUrl(configuration, parameters)
  return openid.authorizationCodeGrant(configuration, go(url), {
    pkceCodeVerifier: verifier, expectedState: parameters.state, expectedNonce: parameters.nonce,
    maxAge: more.max_age === undefined ? undefined : Number(more.max_age), idTokenExpected: true,
  })
}

test('code and PKCE, with iss, nonce, state', async () => {
  const tokens = await login()
  const claims = tokens.claims()
  assert.equal(claims.iss, issuer)
  assert.ok(tokens.refresh_token && claims.auth_time)
  const info = await openid.fetchUserInfo(configuration, tokens.access_token, claims.sub)
  assert.equal(info.email, process.env.PERSON)
})

test('max_age is answered with auth_time', async () => {
  assert.ok((await login({ max_age: '0' })).claims().auth_time > Date.now() / 1000 - 60)
})

test('pushed authorization request', async () => { assert.ok((await login({}, true)).access_token) })

test('refresh, and what it gave before is worthless', async () => {
  const tokens = await login()
  const next = await openid.refreshTokenGrant(configuration, tokens.refresh_token)
  assert.equal(next.claims().sub, tokens.claims().sub)
  assert.notEqual(next.refresh_token, tokens.refresh_token)
  await assert.rejects(openid.refreshTokenGrant(configuration, tokens.refresh_token), { error: 'invalid_grant' })
  await assert.rejects(openid.refreshTokenGrant(configuration, next.refresh_token), { error: 'invalid_grant' })
})

test('revocation ends what came from the sign-in', async () => {
  const tokens = await login()
  await openid.tokenRevocation(configuration, tokens.refresh_token)
  await assert.rejects(openid.refreshTokenGrant(configuration, tokens.refresh_token), { error: 'invalid_grant' })
  await assert.rejects(openid.fetchUserInfo(configuration, tokens.access_token, tokens.claims().sub))
})

if (secret) test('introspection of a refresh token', async () => {
  const tokens = await login()
  assert.equal((await openid.tokenIntrospection(configuration, tokens.refresh_token)).active, true)
})

test('errors come back with state and iss', async () => {
  await assert.rejects(login({ prompt: 'none' }), { error: 'login_required' })
  await assert.rejects(login({ scope: 'openid nonsense' }), { error: 'invalid_scope' })
})

test('device grant: waits, is approved by somebody, refreshes', async () => {
  const device = await openid.initiateDeviceAuthorization(configuration, { scope: 'openid email offline_access' })
  await assert.rejects(openid.genericGrantRequest(configuration, 'urn:ietf:params:oauth:grant-type:device_code',
    { device_code: device.device_code }), { error: 'authorization_pending' })
  go(new URL(device.verification_uri_complete))
  const tokens = await openid.pollDeviceAuthorizationGrant(configuration, device)
  assert.ok(tokens.claims().sub && tokens.refresh_token)
  assert.ok((await openid.refreshTokenGrant(configuration, tokens.refresh_token)).access_token)
  await assert.rejects(openid.pollDeviceAuthorizationGrant(configuration, device), { error: 'invalid_grant' })
})

test('logout', async () => {
  const tokens = await login()
  const url = openid.buildEndSessionUrl(configuration, { post_logout_redirect_uri: logout, id_token_hint: tokens.id_token, state: 's' })
  assert.equal(go(url).href, `${logout}?state=s`)
})

let failed = 0
for (const { name, run } of tests) {
  try {
    await run()
  } catch (error) {
    failed++
    console.log(`not ok - ${name}: ${error.stack}`, error.cause ?? '')
  }
}
console.log(`${tests.length - failed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
