import { chromium } from 'playwright-core'
import { findChromium } from '../../scripts/chromium.ts'

/** A headless browser. Its background networking is off: on a closed network those requests only fail, many at a time. */
export async function openBrowser() {
  const executablePath = findChromium()
  if (executablePath === null) throw new Error('Chromium is not installed; `npm test` says how to get it')
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
