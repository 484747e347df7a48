import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { findChromium, isolationHeaders } from './scripts/browser.ts'

declare module 'vitest' {
  interface ProvidedContext {
    seed: number
  }
}

/** Tests run the sources of all packages, never dist. */
const conditions = ['source']
/** The seed of all properties of this run. The variable passes it on: Vitest evaluates this file once a project. */
process.env['COTANGENT_SEED'] ??= String(Date.now() & 0x7fffffff)
const seed = Number(process.env['COTANGENT_SEED'])
if (!Number.isInteger(seed)) throw new Error(`COTANGENT_SEED must be an integer, got "${process.env['COTANGENT_SEED']}"`)

const browserTests = '**/*.browser.test.ts'
/** In a page without shared memory. */
const unisolatedTests = '**/*.unisolated.test.ts'
/** Properties may run long on a busy machine. */
const shared = { setupFiles: ['./scripts/fast-check.setup.ts'], provide: { seed }, testTimeout: 60_000 }

/** Tests in Node that drive a browser. */
const pageTests = '**/page.test.ts'

const node = (hasBrowser: boolean): TestProjectConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...shared,
    name: 'node',
    include: ['packages/*/test/**/*.test.ts', 'examples/**/*.test.ts', 'bench/**/*.test.ts', 'scripts/**/*.test.ts', 'docs/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', browserTests, unisolatedTests, ...(hasBrowser ? [] : [pageTests])],
    // Worker threads that a test starts are plain Node: they find the sources by the same condition.
    execArgv: conditions.map(condition => `--conditions=${condition}`),
  },
})

/** Tests of the cpu backend that know neither Node nor threads: they run in Node, and in pages with shared memory and without. */
const cpuTests = 'packages/backend-cpu/test/{contraction,cumulative,instructions,loop,math,reductions,scatter,sort,winograd}.test.ts'

/** In a page that is cross-origin isolated, and so has shared memory and threads, or in one that is not. */
const browser = (executablePath: string, isolated: boolean): TestProjectConfiguration => ({
  resolve: { conditions },
  server: { headers: isolated ? isolationHeaders : {} },
  test: {
    ...shared,
    name: isolated ? 'browser' : 'browser-unisolated',
    include: [
      cpuTests,
      ...(isolated
        ? ['packages/*/test/**/*.browser.test.ts', 'examples/**/*.browser.test.ts', 'scripts/**/*.browser.test.ts']
        : [`packages/*/test/${unisolatedTests}`]),
    ],
    exclude: ['**/node_modules/**', '**/dist/**'],
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath, args: ['--use-angle=swiftshader'] } }),
      instances: [{ browser: 'chromium' }],
    },
  },
})

export default defineConfig(async () => {
  const chromium = await findChromium()
  if (chromium === undefined) console.warn('No Chromium found: browser tests do not run. Set CHROMIUM_PATH.')
  // Tests in Node find the same one, without unpacking it again.
  else process.env['CHROMIUM_PATH'] ??= chromium
  return {
    test: {
      projects: chromium === undefined ? [node(false)] : [node(true), browser(chromium, true), browser(chromium, false)],
      reporters: ['default', './scripts/summary-reporter.ts'],
    },
  }
})
