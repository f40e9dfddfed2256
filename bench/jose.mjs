// npm jose beside bench/verify.c: what checking the same kind of token costs, CPU microseconds as the median of rounds.
// Usage: node jose.mjs FOLDER-OF-node_modules <subjects; a subject is a line of JSON: {"alg":…,"token":…,"jwk":…}
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const from = createRequire(`${process.argv[2]}/package.json`)
const { importJWK, jwtVerify } = await import(pathToFileURL(from.resolve('jose')))

async function measure(token, key, n) {
  const before = process.cpuUsage()
  for (let i = 0; i < n; i++) await jwtVerify(token, key)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / n
}

for (const line of readFileSync(0, 'utf8').trim().split('\n')) {
  const { alg, token, jwk } = JSON.parse(line)
  const key = await importJWK(jwk, alg)
  const us = []
  await measure(token, key, 1000)
  for (let round = 0; round < 9; round++) us.push(await measure(token, key, 500))
  console.log(`${alg} ${us.sort((a, b) => a - b)[4].toFixed(2)}`)
}
