/** The built page in Chromium, as a visitor uses it. */
import { createRequire } from 'node:module'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, Page } from 'playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Digits, loadMnist, slice } from '../../lib/mnist.ts'
import { type Site, buildPage, launch, longestTask, serve, visit, writeDigit } from './browser.ts'

let folder: string, browser: Browser, isolated: Site, plain: Site, digits: Digits
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cotangent-page-'))
  ;[browser, digits] = await Promise.all([launch(), loadMnist().then(({ test }) => slice(test, 100)), buildPage(folder)])
  ;[isolated, plain] = await Promise.all([serve(folder, { isolated: true }), serve(folder, { isolated: false })])
}, 60_000)
afterAll(async () => {
  await browser.close()
  await Promise.all([isolated.close(), plain.close()])
  await rm(folder, { recursive: true })
})

const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click()
const choose = (page: Page, name: string): Promise<void> => page.getByText(name, { exact: true }).click()
const status = (page: Page, text: string): Promise<void> => page.getByRole('status').filter({ hasText: text }).waitFor()
const text = async (page: Page, id: string): Promise<string> => (await page.locator(`#${id}`).textContent()) ?? ''
const progress = (page: Page): Promise<number> => page.locator('progress').evaluate(e => (e as HTMLProgressElement).value)
/** Machines that do other things too are slow. */
const eventually = <T>(look: () => Promise<T>) => expect.poll(look, { timeout: 40_000 })
/** Waits until the test accuracy is so high, in per cent. */
const reads = async (page: Page, wanted: number): Promise<void> => {
  await eventually(async () => Number.parseFloat(await text(page, 'accuracy'))).toBeGreaterThanOrEqual(wanted)
}

it('trains to 95 % without long tasks on the page; pauses, resumes, reads what is written, resets', async () => {
  const { page, faults } = await visit(browser, isolated.url)
  expect(await page.evaluate('crossOriginIsolated')).toBe(true)
  const longest = await longestTask(browser, page, async () => {
    await press(page, 'Train')
    await reads(page, 95)
    await press(page, 'Pause')
    await status(page, 'Paused')
  })
  expect(longest).toBeLessThan(50)

  const paused = await progress(page)
  await page.waitForTimeout(300)
  expect(await progress(page)).toBe(paused)

  let right = 0
  for (let i = 0; i < 5; i++) {
    await press(page, 'Clear')
    await eventually(() => text(page, 'spoken')).toBe('Nothing is drawn.')
    await writeDigit(page, digits.images.subarray(i * 784, (i + 1) * 784))
    await eventually(() => text(page, 'spoken')).toMatch(/^Read as \d, \d+ % sure\.$/)
    if ((await text(page, 'answer')) === String(digits.labels[i])) right++
  }
  expect(right).toBeGreaterThanOrEqual(4)
  await press(page, 'Clear')
  await eventually(() => text(page, 'spoken')).toBe('Nothing is drawn.')
  // A tap leaves a dot.
  await page.locator('#canvas').click()
  await eventually(() => text(page, 'spoken')).toMatch(/^Read as/)

  expect(await page.locator('#loss-chart').getAttribute('aria-label')).toMatch(/^Loss over the epochs, now 0\.\d\d$/)
  expect(await page.locator('#filters').getAttribute('aria-label')).toBe('Weights of the first layer: 32 filters of 3 by 3')
  expect(await text(page, 'kernels-summary')).toMatch(/^\d+ kernels: .*\d+ contractions/)
  await page.locator('#kernels summary').nth(1).click()
  expect(await page.locator('#kernels pre').textContent()).toMatch(/r0 = sum\(/)
  expect(await text(page, 'memory')).toMatch(/^[\d.]+ MiB$/)

  await press(page, 'Resume')
  await eventually(() => progress(page)).toBeGreaterThan(paused)
  await press(page, 'Reset')
  await status(page, 'Ready')
  expect([await progress(page), await text(page, 'accuracy')]).toEqual([0, '–'])
  expect(faults).toEqual([])
  await page.close()
})

it('trains on threads of its own where the page is isolated and has cores for them', async () => {
  const context = await browser.newContext({ locale: 'en-US' }),
    page = await context.newPage()
  const cdp = await context.newCDPSession(page)
  await cdp.send('Emulation.setHardwareConcurrencyOverride', { hardwareConcurrency: 3 })
  const workers = new Set<string>()
  page.on('request', request => {
    if (/worker-.*\.js$/.test(request.url())) workers.add(request.url())
  })
  await page.goto(isolated.url)
  await status(page, 'Ready: 421,642 parameters on cpu, 2 threads.')
  await press(page, 'Train')
  await eventually(() => text(page, 'accuracy')).toMatch(/^[89]/)
  // The worker of the page, and the one that the backend starts in it.
  expect(workers.size).toBe(2)
  await context.close()
})

it('works from any server, on a phone, by keyboard', async () => {
  const { page, faults } = await visit(browser, plain.url, {
    viewport: { width: 360, height: 740 },
    hasTouch: true,
    reducedMotion: 'reduce',
  })
  expect(await page.evaluate('crossOriginIsolated')).toBe(false)
  const width = (): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth)
  expect(await width()).toBe(360)
  await page.getByRole('radio', { name: 'CNN' }).focus()
  await page.keyboard.press('ArrowDown')
  await status(page, 'Ready: 50,890 parameters on cpu, 1 thread.')
  await page.getByRole('button', { name: 'Train' }).focus()
  await page.keyboard.press('Enter')
  await status(page, 'Finished: 9')

  const samples = page.getByRole('button', { name: /^Test digit/ })
  let right = 0
  for (let i = 0; i < 5; i++) {
    await samples.nth(i).focus()
    await page.keyboard.press('Enter')
    const label = ((await samples.nth(i).getAttribute('aria-label')) as string).at(-1) as string
    await eventually(() => text(page, 'spoken')).toMatch(/^Read as/)
    if ((await text(page, 'answer')) === label) right++
    await press(page, 'Clear')
    await eventually(() => text(page, 'spoken')).toBe('Nothing is drawn.')
  }
  // Chosen at random, of which 93 % are read right.
  expect(right).toBeGreaterThanOrEqual(2)
  expect(await width()).toBe(360)
  expect(faults).toEqual([])
  await page.close()
})

/** What axe finds in the page as it is. */
async function faultsOfAccess(page: Page): Promise<readonly string[]> {
  interface Axe {
    run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }>
  }
  return page.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run()
    return violations.map(({ id, nodes }) => [id, ...nodes.map(n => n.html)].join('\n'))
  })
}

it('has no fault that axe finds, in light and dark', async () => {
  const { page } = await visit(browser, plain.url, { colorScheme: 'light' })
  await choose(page, 'MLP')
  await status(page, 'Ready: 50,890')
  await press(page, 'Train')
  await eventually(() => progress(page)).toBeGreaterThan(0.5)
  await press(page, 'Pause')
  await status(page, 'Paused')
  await page
    .getByRole('button', { name: /^Test digit/ })
    .first()
    .click()
  await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') })
  expect(await faultsOfAccess(page)).toEqual([])
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  expect(await faultsOfAccess(page)).toEqual([])
  await page.close()
})

/** The loss that the curve ends with. */
const lossOf = async (page: Page): Promise<number> =>
  Number((await page.locator('#loss-chart').getAttribute('aria-label'))?.split('now ')[1])

it.each(['webgl', 'reference'])('trains on the %s backend, without long tasks on the page', async backend => {
  const { page, faults } = await visit(browser, plain.url)
  await choose(page, 'MLP')
  await choose(page, backend)
  await status(page, `Ready: 50,890 parameters on ${backend}.`)
  const longest = await longestTask(browser, page, async () => {
    await press(page, 'Train')
    // From log 10 = 2.3 down: a few dozen steps.
    await eventually(() => lossOf(page)).toBeLessThan(1.5)
    await press(page, 'Pause')
    await status(page, 'Paused')
  })
  expect(longest).toBeLessThan(50)
  expect(faults).toEqual([])
  await page.close()
})

it('works as a file, without a server', async () => {
  const { page, faults } = await visit(browser, pathToFileURL(`${folder}/`).href, {}, 'index.html')
  for (const backend of ['cpu', 'webgl']) {
    await choose(page, 'MLP')
    await choose(page, backend)
    await status(page, `Ready: 50,890 parameters on ${backend}`)
    await press(page, 'Train')
    await eventually(() => lossOf(page)).toBeLessThan(1.5)
    await page
      .getByRole('button', { name: /^Test digit/ })
      .first()
      .click()
    await eventually(() => text(page, 'spoken')).toMatch(/^Read as/)
    await press(page, 'Clear')
    await eventually(() => text(page, 'spoken')).toBe('Nothing is drawn.')
  }
  expect(faults).toEqual([])
  await page.close()
})

it('says why a backend is not available, and goes on with another', async () => {
  const bare = await launch('--use-gl=disabled')
  const { page } = await visit(bare, plain.url)
  await choose(page, 'webgl')
  await status(page, 'This did not work')
  expect(await text(page, 'problem')).toMatch(/webgl: .*WebGL2/)
  await choose(page, 'cpu')
  await status(page, 'Ready: 421,642 parameters on cpu')
  expect(await text(page, 'problem')).toBe('')
  await bare.close()
})

it('says what is missing', async () => {
  const page = await browser.newPage({ locale: 'en-US' })
  await page.route('**/train-images.bin', route => route.fulfill({ status: 404, body: 'no' }))
  await page.goto(plain.url)
  await eventually(() => text(page, 'problem')).toMatch(/train-images\.bin cannot be read \(404\)\. Build the page again\./)
  await page.close()
})
