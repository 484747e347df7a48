/** The built page in Chromium, for tests and the screenshot. */
import { fileURLToPath } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright'
import { build, preview } from 'vite'
import { launchChromium } from '../../../scripts/browser.ts'
import { SIDE } from '../../lib/digits.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Node itself loads the file, so that the packages it imports are their sources. */
const config = { configFile: `${root}vite.config.ts`, configLoader: 'native', logLevel: 'error' } as const

/** Builds the page into a folder. */
export const buildPage = (outDir: string): Promise<unknown> => build({ ...config, build: { outDir, emptyOutDir: true } })

export interface Site {
  readonly url: string
  readonly close: () => Promise<void>
}

/** Serves the folder as a part of a site. Without the two headers that isolate a page it is any server of files. */
export async function serve(outDir: string, { isolated }: { readonly isolated: boolean }): Promise<Site> {
  const server = await preview({
    root,
    ...(isolated ? config : { configFile: false }),
    base: '/somewhere/else/',
    build: { outDir },
    preview: { port: 0 },
  })
  return { url: server.resolvedUrls?.local[0] ?? '', close: () => server.close() }
}

/** Rejects where there is no Chromium. */
export const launch = (...args: readonly string[]): Promise<Browser> => launchChromium('--use-angle=swiftshader', ...args)

export interface Visit {
  readonly page: Page
  /** Uncaught errors, warnings and errors of the console, and requests to other sites. */
  readonly faults: string[]
}

/** A new page of the site at this address, ready to train. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}, file: string = ''): Promise<Visit> {
  // Chromium would take a name from the environment that is no language, such as en-US@posix.
  const page = await browser.newPage({ locale: 'en-US', ...options })
  const faults: string[] = []
  page.on('pageerror', error => faults.push(String(error)))
  page.on('console', message => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text())
  })
  page.on('request', request => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) faults.push(`request: ${request.url()}`)
  })
  await page.goto(`${url}${file}`)
  await page.getByRole('status').filter({ hasText: 'Ready' }).waitFor()
  return { page, faults }
}

/** Writes 28 x 28 grey values on the paper with the pointer: a line along each run of dark pixels in a row. */
export async function writeDigit(page: Page, pixels: ArrayLike<number>): Promise<void> {
  const paper = page.locator('#canvas')
  await paper.scrollIntoViewIfNeeded()
  const box = await paper.boundingBox()
  if (box === null) throw new Error('there is no paper')
  const place = (x: number, y: number) => [box.x + ((x + 0.5) * box.width) / SIDE, box.y + ((y + 0.5) * box.height) / SIDE] as const
  for (const { y, from, to } of runs(pixels)) {
    await page.mouse.move(...place(from, y))
    await page.mouse.down()
    await page.mouse.move(...place(to, y))
    await page.mouse.up()
  }
}

interface Run {
  readonly y: number
  readonly from: number
  readonly to: number
}

/** Dark pixels side by side, shortened by half the width of the pen, which is two pixels. */
function runs(pixels: ArrayLike<number>): readonly Run[] {
  const found: Run[] = []
  for (let y = 0; y < SIDE; y++)
    for (let x = 0, start = -1; x <= SIDE; x++) {
      const dark = x < SIDE && (pixels[y * SIDE + x] as number) > 0.5
      if (dark && start < 0) start = x
      if (!dark && start >= 0) {
        const middle = (start + x - 1) / 2
        found.push({ y, from: Math.min(start + 0.7, middle), to: Math.max(x - 1.7, middle) })
        start = -1
      }
    }
  return found
}

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  readonly args?: { readonly name?: string }
  /** Microseconds of processor time. */
  readonly tdur?: number
}

/**
 * The longest task of the page's thread meanwhile, in milliseconds of processor time. A PerformanceObserver for `longtask` goes by the clock: on a
 * machine that does other things too, it counts the time in which the thread was ready and did not get a core.
 */
export async function longestTask(browser: Browser, page: Page, meanwhile: () => Promise<void>): Promise<number> {
  await browser.startTracing(page, { categories: ['toplevel', '__metadata'] })
  await meanwhile()
  const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as { readonly traceEvents: readonly TraceEvent[] }
  const isPage = new Set(traceEvents.filter(e => e.args?.name === 'CrRendererMain').map(e => `${e.pid} ${e.tid}`))
  const tasks = traceEvents.filter(e => e.tdur !== undefined && isPage.has(`${e.pid} ${e.tid}`)).map(e => e.tdur as number)
  if (tasks.length === 0) throw new Error('the trace has no tasks of the page')
  return Math.max(...tasks) / 1000
}
