// The person in front of the browser: signs in where the link leads, reads the consent page, approves.
// Usage: node browser.mjs URL CA-SPKI; EMAIL and PASSWORD by environment. Prints what the consent page said.
import { createRequire } from 'node:module'
const { chromium } = createRequire(new URL('../node/', import.meta.url))('playwright-core')

const [url, spki] = process.argv.slice(2)
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', `--ignore-certificate-errors-spki-list=${spki}`],
  timeout: 180000,
})
try {
  const page = await browser.newPage()
  page.setDefaultTimeout(60000)
  await page.goto(url)
  await page.getByLabel('E-mail address').fill(process.env.EMAIL)
  await page.getByLabel('Password').fill(process.env.PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: 'Approve' }).waitFor()
  console.log(await page.locator('main').innerText())
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('heading', { name: 'connected' }).waitFor()
} finally {
  await browser.close()
}
