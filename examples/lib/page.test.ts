/** The fast mode of the examples on webgl, three in each run: one headless browser and one server for all of them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { launchChromium } from '../../scripts/browser.ts'
import '../../scripts/provided.ts'
import { fastOptions, fastRuns, inTurn, missingData, onePerExample, programOf, quietHost } from './fast.ts'
import { type Headless, openHeadless } from './host/headless.ts'
import { resultsOf } from './results/records.ts'

const out = mkdtempSync(join(tmpdir(), 'cotangent-fast-')),
  { host, lines } = quietHost()
let browser: Browser, pages: Headless
beforeAll(async () => {
  browser = await launchChromium()
  pages = await openHeadless(browser, host)
})
afterAll(async () => {
  await pages.close()
  await browser.close()
  rmSync(out, { recursive: true })
})

it.for(inTurn(onePerExample(await fastRuns()), 3, inject('seed')))('$example $options on webgl', async (run, { skip }) => {
  const missing = await missingData(run)
  if (missing !== undefined) skip(missing)
  const before = lines.length
  await pages.run(programOf(run), await fastOptions(run, 'webgl', out))
  expect(Object.keys(resultsOf(lines.slice(before).join('\n')))).toEqual(expect.arrayContaining([...run.wanted]))
})
