// Peers of the test suite: openid-client, oauth4webapi and jose, unmodified, against a running server.
// Reads ISSUER, SERVICE_CLIENT_ID, SERVICE_CLIENT_SECRET, API_AUDIENCE and ALG; prints "N passed, N failed" at the end.
import assert from 'node:assert/strict'
import * as jose from 'jose'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const { ISSUER: issuer, SERVICE_CLIENT_ID: id, SERVICE_CLIENT_SECRET: secret, API_AUDIENCE: audience, ALG: alg } = process.env
const insecure = { [oauth.allowInsecureRequests]: true } // plain http on loopback

const tests = []
const test = (name, run) => tests.push({ name, run })

// openid-client

const discover = (authentication, algorithm = 'oidc') => openid.discovery(new URL(issuer), id, undefined, authentication, {
  algorithm,
  execute: [openid.allowInsecureRequests],
})

for (const algorithm of ['oidc', 'oauth2']) {
  test(`openid-client: discovery by ${algorithm}`, async () => {
    const metadata = (await discover(openid.ClientSecretBasic(secret), algorithm)).serverMetadata()
    assert.equal(metadata.issuer, issuer)
    assert.ok(metadata.supportsPKCE !== undefined && metadata.jwks_uri)
  })
}

for (const [name, authentication] of [
  ['Basic', openid.ClientSecretBasic(secret)],
  ['the body', openid.ClientSecretPost(secret)],
]) {
  test(`openid-client: token with the secret in ${name}`, async () => {
    const token = await openid.clientCredentialsGrant(await discover(authentication))
    assert.equal(token.token_type, 'bearer')
    assert.ok(token.expiresIn() > 3000 && token.expiresIn() <= 3600)
    assert.ok(token.scope)
    assert.equal(token.refresh_token, undefined)
  })
}

test('openid-client: wrong secret', async () => {
  const configuration = await discover(openid.ClientSecretPost('wrong'))
  await assert.rejects(openid.clientCredentialsGrant(configuration),
    (e) => e instanceof openid.WWWAuthenticateChallengeError && e.status === 401)
})

test('openid-client: unknown scope', async () => {
  const configuration = await discover(openid.ClientSecretBasic(secret))
  await assert.rejects(openid.clientCredentialsGrant(configuration, { scope: 'no-such-scope' }),
    (e) => e.status === 400 && e.error === 'invalid_scope')
})

// oauth4webapi

const client = { client_id: id }

async function server() {
  const url = new URL(issuer)
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure }))
}

async function token(authentication, parameters = {}) {
  const as = await server()
  const response = await oauth.clientCredentialsGrantRequest(as, client, authentication, parameters, insecure)
  return oauth.processClientCredentialsResponse(as, client, response)
}

for (const [name, authentication] of [
  ['Basic', oauth.ClientSecretBasic(secret)],
  ['the body', oauth.ClientSecretPost(secret)],
]) {
  test(`oauth4webapi: token with the secret in ${name}`, async () => {
    const answer = await token(authentication)
    assert.equal(answer.token_type, 'bearer')
    assert.equal(typeof answer.expires_in, 'number')
  })
}

test('oauth4webapi: wrong secret is a WWW-Authenticate challenge', async () => {
  await assert.rejects(token(oauth.ClientSecretBasic('wrong')), (e) => {
    assert.ok(e instanceof oauth.WWWAuthenticateChallengeError)
    assert.equal(e.status, 401)
    assert.equal(e.cause[0].scheme, 'basic')
    return true
  })
})

const withToken = (access) => new Request('https://api.example/', { headers: { authorization: `Bearer ${access}` } })

test('oauth4webapi: a resource server validates the token (RFC 9068)', async () => {
  const answer = await token(oauth.ClientSecretBasic(secret))
  const claims = await oauth.validateJwtAccessToken(await server(), withToken(answer.access_token), audience,
    { ...insecure, signingAlgorithms: [alg] })
  assert.equal(claims.client_id, id)
  assert.equal(claims.sub, id)
  assert.equal(claims.scope, answer.scope)
})

test('oauth4webapi: another resource server refuses it', async () => {
  const answer = await token(oauth.ClientSecretBasic(secret))
  await assert.rejects(oauth.validateJwtAccessToken(await server(), withToken(answer.access_token), 'https://other.example',
    { ...insecure, signingAlgorithms: [alg] }))
})

// jose

async function verify(access, options) {
  const as = await server()
  return jose.jwtVerify(access, jose.createRemoteJWKSet(new URL(as.jwks_uri)), { algorithms: [alg], ...options })
}

test('jose: remote key set', async () => {
  const { access_token } = await token(oauth.ClientSecretBasic(secret))
  const { payload, protectedHeader } = await verify(access_token, { issuer, audience, typ: 'at+jwt', subject: id,
    requiredClaims: ['jti', 'iat', 'exp', 'client_id'], maxTokenAge: '1h' })
  assert.equal(protectedHeader.alg, alg)
  assert.equal(payload.exp - payload.iat, 3600)
})

test('jose: refuses another audience, another issuer, a changed token', async () => {
  const { access_token } = await token(oauth.ClientSecretBasic(secret))
  await assert.rejects(verify(access_token, { audience: 'https://other.example' }), jose.errors.JWTClaimValidationFailed)
  await assert.rejects(verify(access_token, { issuer: issuer + '/' }), jose.errors.JWTClaimValidationFailed)
  const [head, , signature] = access_token.split('.')
  await assert.rejects(verify(`${head}.e30.${signature}`), jose.errors.JWSSignatureVerificationFailed)
})

test('jose: the key set holds public keys only, each with its algorithm', async () => {
  const { keys } = await (await fetch((await server()).jwks_uri)).json()
  for (const key of keys) {
    assert.ok(key.kid && key.alg && key.use === 'sig')
    assert.equal((await jose.importJWK(key)).type, 'public')
  }
  assert.ok(keys.some((key) => key.alg === alg))
})

let failed = 0
for (const { name, run } of tests) {
  try {
    await run()
  } catch (e) {
    failed++
    console.log(`FAILED node ${alg}: ${name}: ${e.stack} ${e.cause ? JSON.stringify(e.cause) : ''}`)
  }
}
console.log(`${tests.length - failed} passed, ${failed} failed`)
process.exit(failed ? 1 : 0)
