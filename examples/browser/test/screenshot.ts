/** Makes the pictures of the READMEs: `npx -y pnpm@12 run run examples/browser/test/screenshot.ts`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BrowserContextOptions, Page } from 'playwright'
import { buildPage, launch, serve, visit } from './browser.ts'

interface Picture extends BrowserContextOptions {
  readonly viewport: { readonly width: number; readonly height: number }
  readonly fullPage: boolean
}
const pictures: Readonly<Record<string, Picture>> = {
  'screenshot.png': { viewport: { width: 1000, height: 800 }, colorScheme: 'light', fullPage: true },
  'screenshot-top.png': { viewport: { width: 1000, height: 1090 }, colorScheme: 'light', fullPage: false },
  'screenshot-phone.png': { viewport: { width: 390, height: 890 }, colorScheme: 'dark', fullPage: false },
}

/** A three in one stroke: two arcs. Places are parts of the paper's width. */
async function writeThree(page: Page): Promise<void> {
  const paper = page.locator('#canvas')
  await paper.scrollIntoViewIfNeeded()
  const box = await paper.boundingBox()
  if (box === null) throw new Error('there is no paper')
  const arc = (centreY: number, radius: number, from: number, to: number): readonly (readonly [number, number])[] =>
    Array.from({ length: 25 }, (_, i) => from + ((to - from) * i) / 24).map(a => [
      0.48 + radius * Math.cos(a),
      centreY + radius * Math.sin(a),
    ])
  const points = [...arc(0.34, 0.16, -2.6, 1.5), ...arc(0.67, 0.18, -1.5, 2.5)]
  for (const [i, [x, y]] of points.entries()) {
    await page.mouse.move(box.x + x * box.width, box.y + y * box.height)
    if (i === 0) await page.mouse.down()
  }
  await page.mouse.up()
}

const folder = await mkdtemp(join(tmpdir(), 'cotangent-page-'))
await buildPage(folder)
const site = await serve(folder, { isolated: true }),
  browser = await launch()
for (const [name, { fullPage, ...options }] of Object.entries(pictures)) {
  const { page } = await visit(browser, site.url, options)
  await page.getByRole('button', { name: 'Train' }).click()
  await page.getByRole('status').filter({ hasText: 'Finished' }).waitFor({ timeout: 120_000 })
  await writeThree(page)
  await page.getByText('Read as').waitFor({ state: 'attached' })
  // Bars move for a moment.
  await page.waitForTimeout(300)
  await page.screenshot({ path: fileURLToPath(new URL(`../${name}`, import.meta.url)), fullPage })
  await page.close()
}
await browser.close()
await site.close()
await rm(folder, { recursive: true })
