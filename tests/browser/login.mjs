// `mintmark login`: a program on somebody's machine opens the browser, or shows a code; both ends are ours.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ISSUER, Person, cli, scenario } from './lib.mjs'

const until = async (what, look) => {
  for (let left = 1500; left > 0; left--) {
    const found = look()
    if (found) return found
    await new Promise((done) => { setTimeout(done, 20) })
  }
  throw new Error(`${what}: not within 30 s`)
}

// A machine of its own: a home folder, and a "browser" that only says where it was sent.
class Machine {
  constructor(client) {
    this.home = mkdtempSync(join(tmpdir(), 'mintmark-login-'))
    const browser = join(this.home, 'browser')
    writeFileSync(browser, '#!/bin/sh\nprintf %s "$1" >"$HOME/url.new" && mv "$HOME/url.new" "$HOME/url"\n')
    chmodSync(browser, 0o755)
    this.env = { PATH: process.env.PATH, HOME: this.home, BROWSER: browser, MINTMARK_ISSUER: ISSUER, MINTMARK_LOGIN_CLIENT_ID: client,
      MINTMARK_SCOPE: 'openid email offline_access' }
  }

  start(...args) {
    const child = spawn(process.env.BINARY, args, { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] })
    const run = { out: '', err: '' }
    child.stdout.on('data', (data) => { run.out += data })
    child.stderr.on('data', (data) => { run.err += data })
    run.end = new Promise((resolve) => { child.on('close', (status) => resolve(status)) })
    return run
  }

  async run(...args) {
    const run = this.start(...args)
    assert.equal(await run.end, 0, `mintmark ${args.join(' ')}: ${run.err}`)
    return run.out.trim()
  }

  url() { return existsSync(join(this.home, 'url')) && readFileSync(join(this.home, 'url'), 'utf8') }
  close() { rmSync(this.home, { recursive: true }) }
}

const program = (name, ...more) => cli('client', 'create', '--kind', 'app', '--native', '--public', '--name', name,
  '--redirect-uri', 'http://127.0.0.1/callback', '--scope', 'openid email offline_access', ...more).client_id

async function use(machine, person) {
  const token = await machine.run('token')
  assert.equal(token.split('.').length, 3)
  const who = JSON.parse(await machine.run('whoami', '--json'))
  assert.equal(who.email, person.email)
  const kept = join(machine.home, '.config/mintmark/logins.json')
  assert.equal(statSync(kept).mode & 0o777, 0o600)
  assert.notEqual(await machine.run('token', '--fresh'), token, 'by the refresh token')
  await machine.run('logout')
  const after = machine.start('token')
  assert.notEqual(await after.end, 0)
  assert.match(after.err, /There are no credentials/)
}

scenario('mintmark login: the browser opens, sign-in, consent, "you can close this window"', async () => {
  const machine = new Machine(program('Night export', '--grant', 'code', '--grant', 'refresh'))
  const person = await Person.invited()
  await person.press('Sign out')
  const login = machine.start('login')
  const url = await until('the browser', () => machine.url())
  const back = new URL(new URL(url).searchParams.get('redirect_uri')).origin
  assert.match(back, /^http:\/\/127\.0\.0\.1:\d+$/)
  person.allowed.push(`${back}/`)
  await person.go(url)
  await person.signIn()
  await person.sees('Night export')
  await person.press('Allow')
  await person.sees('You can close this window')
  await person.look('login-done')
  assert.equal(await login.end, 0, login.err)
  assert.match(login.out + login.err, /You are logged in/)
  await use(machine, person)
  await person.close()
  machine.close()
})

scenario('mintmark login: who says no is not logged in', async () => {
  const machine = new Machine(program('Curious program', '--grant', 'code', '--grant', 'refresh'))
  const person = await Person.invited()
  const login = machine.start('login')
  const url = await until('the browser', () => machine.url())
  person.allowed.push(`${new URL(new URL(url).searchParams.get('redirect_uri')).origin}/`)
  await person.go(url)
  await person.press("Don't allow", [200, 400])
  await person.look('login-denied')
  assert.equal(await login.end, 1)
  assert.match(login.err, /access_denied/)
  assert.ok(!existsSync(join(machine.home, '.config/mintmark/logins.json')))
  await person.close()
  machine.close()
})

scenario('mintmark login --device: the code of the terminal, approved in a browser elsewhere', async () => {
  const machine = new Machine(program('Ship computer', '--grant', 'device', '--grant', 'refresh'))
  const person = await Person.invited()
  const login = machine.start('login', '--device')
  const [code] = await until('the code', () => /\b[A-Z]{4}-[A-Z]{4}\b/.exec(login.err))
  const url = await until('the address', () => /http\S+\/device\b/.exec(login.err)?.[0])
  await person.go(url)
  await person.fill('Code', code)
  await person.press('Continue')
  await person.sees('Ship computer')
  await person.press('Approve')
  assert.equal(await login.end, 0, login.err)
  await use(machine, person)
  await person.close()
  machine.close()
})
