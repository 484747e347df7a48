/**
 * Our webgl backend, TensorFlow.js's and jax-js's in one page, in turn: `npx -y pnpm@12 bench:webgl [--rows REGEXP] [--libraries A,B] [--rounds N]
 * [--milliseconds N] [--driver llvmpipe] [--name NAME] [--draws]`. Prints a table, and with `--name` writes it and all times to bench/results/.
 */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright'
import { build, defaultClientConditions, preview } from 'vite'
import { type Driver, drivers, isolationHeaders, launchDriver } from '../../scripts/browser.ts'
import type { LibraryName } from './page.ts'
import { type Measurement, report } from './report.ts'
import { type RowName, rows } from './rows.ts'

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '' },
    libraries: { type: 'string', default: 'cotangent,tfjs,jax-js' },
    rounds: { type: 'string', default: '3' },
    milliseconds: { type: 'string', default: '600' },
    driver: { type: 'string', default: 'swiftshader' },
    name: { type: 'string' },
    draws: { type: 'boolean', default: false },
  },
})
if (!Object.hasOwn(drivers, options.driver)) throw new Error(`--driver is one of ${Object.keys(drivers).join(', ')}, not ${options.driver}`)
const libraries = options.libraries.split(',') as LibraryName[]
const names = (Object.keys(rows) as RowName[]).filter(row => new RegExp(options.rows).test(row))

/** A repetition that takes longer is not repeated. */
const LONG = 10_000

const root = fileURLToPath(new URL('.', import.meta.url))
const resolve = { conditions: ['source', ...defaultClientConditions] }

async function withPage<T>(f: (page: Page, version: string) => Promise<T>): Promise<T> {
  const outDir = await mkdtemp(join(tmpdir(), 'bench-webgl-'))
  const config = { root, configFile: false, logLevel: 'error', resolve } as const
  await build({ ...config, build: { outDir, emptyOutDir: true, target: 'esnext', chunkSizeWarningLimit: 1e5 } })
  // Isolated pages have finer clocks.
  const server = await preview({ ...config, build: { outDir }, preview: { port: 0, headers: isolationHeaders } })
  const browser = await launchDriver(options.driver as Driver)
  try {
    const page = await browser.newPage()
    page.on('pageerror', error => console.error(error))
    page.setDefaultTimeout(0)
    await page.goto(server.resolvedUrls?.local[0] ?? '')
    await page.waitForFunction(() => 'bench' in globalThis)
    return await f(page, browser.version())
  } finally {
    await browser.close()
    await server.close()
    await rm(outDir, { recursive: true })
  }
}

async function begin(page: Page, row: RowName, library: LibraryName): Promise<readonly Measurement[]> {
  const first = await page.evaluate(([name, r, limit]) => bench.begin(name, r, limit), [library, row, LONG] as const)
  if (first === undefined) return []
  const { tolerance } = rows[row],
    { milliseconds, difference } = first
  if (!(difference <= tolerance)) {
    const message = `${row}: ${library} differs from the others by ${difference}, more than ${tolerance}`
    if (library === 'cotangent' || options.driver === 'swiftshader') throw new Error(message)
    // On another driver a peer may give wrong numbers (llvmpipe leaves loops after 65535 rounds). They are not timed.
    console.error(message)
    return [{ row, library, first: milliseconds, difference, rounds: [], wrong: true }]
  }
  console.error(`${row.padEnd(20)} ${library.padEnd(10)} first ${milliseconds.toFixed(0)} ms, differs by ${difference.toExponential(1)}`)
  return [{ row, library, first: milliseconds, difference, rounds: milliseconds > LONG ? [[milliseconds]] : [] }]
}

async function measure(page: Page, measurements: readonly Measurement[]): Promise<void> {
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const m of measurements) {
      if (m.first > LONG || m.wrong === true) continue
      const args = [m.library, m.row, 3, Number(options.milliseconds)] as const
      m.rounds.push(await page.evaluate(([name, row, least, ms]) => bench.sample(name, row, least, ms), args))
    }
    console.error(`round ${round + 1} of ${options.rounds}`)
  }
}

/** Where the time goes. */
async function printDraws(page: Page, measurements: readonly Measurement[]): Promise<void> {
  for (const { row, library } of measurements) {
    console.log(`\n# ${row}: ${library}`)
    for (const { milliseconds, size, fragment } of await page.evaluate(([l, r]) => bench.draws(l, r), [library, row] as const))
      console.log(`\n## ${milliseconds.toFixed(2)} ms, ${size}\n${fragment}`)
  }
}

await withPage(async (page, browser) => {
  const versions: string[] = []
  let driver = ''
  for (const library of libraries) {
    const [version, renderer] = await page.evaluate(name => bench.open(name), library)
    versions.push(`${library} ${version}`)
    driver = renderer
  }
  const measurements: Measurement[] = []
  for (const row of names) for (const library of libraries) measurements.push(...(await begin(page, row, library)))
  if (options.draws) return printDraws(page, measurements)
  await measure(page, measurements)
  const meta = { date: new Date().toISOString(), cpu: cpus()[0]?.model ?? '', cores: cpus().length, browser, driver, versions }
  const text = report(meta, measurements)
  console.log(text)
  if (options.name === undefined) return
  const file = fileURLToPath(new URL(`../results/${meta.date.slice(0, 10)}-${options.name}`, import.meta.url))
  await writeFile(`${file}.md`, text)
  await writeFile(`${file}.jsonl`, `${JSON.stringify({ meta: true, ...meta })}\n`)
  await appendFile(`${file}.jsonl`, measurements.map(m => `${JSON.stringify(m)}\n`).join(''))
})
