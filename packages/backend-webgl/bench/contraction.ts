/**
 * Milliseconds of contractions in Chromium without a graphics processor (SwiftShader).
 * `node scripts/launch.mjs packages/backend-webgl/bench/contraction.ts [name part] [repetitions] [passes]`
 */
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright'
import { createServer } from 'vite'
import { findChromium } from '../../../scripts/browser.ts'
import type { measure } from './contraction.page.ts'

const [part = '', repetitions = '5', passes] = process.argv.slice(2)
const executablePath = await findChromium()
if (executablePath === undefined) throw new Error('No Chromium found: set CHROMIUM_PATH.')

const root = fileURLToPath(new URL('../../..', import.meta.url))
const server = await createServer({
  root,
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  resolve: { conditions: ['source'] },
  server: { port: 0, hmr: false },
  plugins: [
    {
      name: 'page',
      configureServer: s => void s.middlewares.use('/page', (_, response) => response.setHeader('Content-Type', 'text/html').end('')),
    },
  ],
})
await server.listen()
const browser = await chromium.launch({ executablePath, args: ['--use-angle=swiftshader'] })
try {
  const page = await browser.newPage()
  page.on('pageerror', error => console.error(error))
  await page.goto(`${server.resolvedUrls?.local[0]}page`)
  const path = '/packages/backend-webgl/bench/contraction.page.ts'
  const timings = await page.evaluate(
    async ([url, name, n, inParts]): Promise<ReturnType<typeof measure>> => {
      const module = (await import(url)) as { measure: typeof measure }
      return module.measure(name, n, inParts)
    },
    [path, part, Number(repetitions), passes !== undefined] as const,
  )
  for (const { name, first, median, least, passes: list } of timings) {
    console.log(
      `${name.padEnd(32)} first ${first.toFixed(0).padStart(5)}  median ${median.toFixed(2).padStart(8)}  least ${least.toFixed(2).padStart(8)}`,
    )
    for (const [pass, upTo] of list) console.log(`  ${upTo.toFixed(2).padStart(8)}  ${pass}`)
  }
} finally {
  await browser.close()
  await server.close()
}
