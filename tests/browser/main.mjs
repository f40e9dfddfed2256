// Runs the scenarios, one after the other, and prints "N passed, N failed" at the end. See lib.mjs.
import { HTTPS, close, scenarios } from './lib.mjs'
import './admin.mjs'
import './attacks.mjs'
import './signin.mjs'
import './accounts.mjs'
import './tokens.mjs'
import './factors.mjs'
import './passkey.mjs'
import './device.mjs'
import './consent.mjs'
import './chain.mjs'
import './login.mjs'
import './https.mjs'

const wanted = process.argv.slice(2)
let passed = 0
let failed = 0
for (const { name, run } of scenarios) {
  if (name.startsWith('https') && !HTTPS) continue
  if (wanted.length > 0 && !wanted.some((word) => name.includes(word))) continue
  const began = Date.now()
  try {
    await run()
    passed++
    console.log(`ok ${HTTPS ? 'over TLS: ' : ''}${name} (${Date.now() - began} ms)`)
  } catch (error) {
    failed++
    console.log(`FAILED ${name}: ${error.stack ?? error}`)
  }
}
await close()
console.log(`${passed} passed, ${failed} failed`)
