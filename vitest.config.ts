import { availableParallelism } from 'node:os'
import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectConfiguration } from 'vitest/config'
import { type Driver, drivers, findChromium, isolationHeaders } from './scripts/browser.ts'
import { findNvcc, isInPath, withoutCuda } from './scripts/compilers.ts'
import { leaveOut } from './scripts/leftOut.ts'
import { missingNodes } from './scripts/nodes.ts'
import { findMesaChromium } from './scripts/mesa.ts'
import './scripts/provided.ts'

/** Tests run the sources of all packages, never dist. */
const conditions = ['source']
/** The seed of all properties of this run. The variable passes it on: Vitest evaluates this file once a project. */
process.env['COTANGENT_SEED'] ??= String(Date.now() & 0x7fffffff)
const seed = Number(process.env['COTANGENT_SEED'])
if (!Number.isInteger(seed)) throw new Error(`COTANGENT_SEED must be an integer, got "${process.env['COTANGENT_SEED']}"`)

const browserTests = '**/*.browser.test.ts'
/** In a page without shared memory. */
const unisolatedTests = '**/*.unisolated.test.ts'
/** On Mesa's llvmpipe alone. */
const mesaTests = '**/*.mesa.test.ts'
/** Properties may run long on a busy machine, and a hook may have to compile the native parts of tests. */
const shared = { setupFiles: ['./scripts/fast-check.setup.ts'], provide: { seed }, testTimeout: 60_000, hookTimeout: 120_000 }

/** Tests in Node that drive a browser. */
const pageTests = '**/page.test.ts'

/** What to exclude: the tests of the cuda backend where they cannot run. Says what of them is left out. */
function cudaTests(): readonly string[] {
  const why = withoutCuda()
  if (why !== undefined) leaveOut('tests of the cuda backend', why)
  else if (!isInPath('tcc')) leaveOut('the fast compiler of cuda kernels', 'there is no tcc; on Debian: apt-get install tcc')
  if (why === undefined && findNvcc() === undefined) leaveOut('machine code of the cuda kernels', 'there is no nvcc: set NVCC to one')
  const nodes = why === undefined ? missingNodes() : undefined
  if (nodes !== undefined) leaveOut('the cuda addon in other versions of Node', nodes)
  return why === undefined ? [] : ['packages/backend-cuda/**']
}

/** Tests that share a process and its modules, one file after the other: starting one and loading the library takes longer than most of them. */
const together = 'packages/{core,nn}/test/**/*.test.ts'
/** What they cannot be among: a mock of modules, and tensors of modules that are loaded once. */
const alone = ['packages/core/test/testing/malformed.test.ts', 'packages/core/test/transforms/collectives.test.ts']

const node = (name: string, include: string[], exclude: string[], isolate: boolean): TestProjectConfiguration => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    ...shared,
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**', browserTests, unisolatedTests, mesaTests, ...exclude],
    isolate,
    setupFiles: [...shared.setupFiles, ...(isolate ? [] : ['./scripts/together.setup.ts'])],
    // Worker threads that a test starts are plain Node: they find the sources by the same condition.
    execArgv: conditions.map(condition => `--conditions=${condition}`),
  },
})

const nodes = (hasBrowser: boolean): readonly TestProjectConfiguration[] => [
  node('node-together', [together], alone, false),
  node(
    'node',
    [
      ...alone,
      'packages/backend-*/test/**/*.test.ts',
      'examples/**/*.test.ts',
      'bench/**/*.test.ts',
      'scripts/**/*.test.ts',
      'docs/*.test.ts',
    ],
    [...cudaTests(), ...(hasBrowser ? [] : [pageTests])],
    true,
  ),
]

/** Tests in a Chromium that draws by this driver. Without `headers` the page has no shared memory. */
const browser = (
  name: string,
  driver: Driver,
  executablePath: string,
  include: string[],
  headers: Record<string, string> = isolationHeaders,
): TestProjectConfiguration => ({
  resolve: { conditions },
  server: { headers },
  test: {
    ...shared,
    name,
    include,
    exclude: ['**/node_modules/**', '**/dist/**'],
    provide: { ...shared.provide, driver },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider: playwright({ launchOptions: { executablePath, args: [...drivers[driver]] } }),
      instances: [{ browser: 'chromium' }],
    },
  },
})

/** Tests of the cpu backend that know neither Node nor threads: they run in Node, and in pages with shared memory and without. */
const cpuTests = 'packages/backend-cpu/test/{contraction,cumulative,instructions,loop,math,reductions,scatter,sort,winograd}.test.ts'
const mainTests = [cpuTests, 'packages/*/test/**/*.browser.test.ts', 'examples/**/*.browser.test.ts', 'scripts/**/*.browser.test.ts']
/** On a second driver: few tests, since Mesa takes up to a second to compile a shader. */
const onMesa = ['{driver,instructions,math,sort}.browser', 'driver.mesa'].map(name => `packages/backend-webgl/test/${name}.test.ts`)

const unisolated = (chromium: string): TestProjectConfiguration =>
  browser('browser-unisolated', 'swiftshader', chromium, [cpuTests.replace('contraction,', ''), `packages/*/test/${unisolatedTests}`], {})

/** The projects in browsers that are there. Says which are not. */
async function browsers(): Promise<readonly TestProjectConfiguration[]> {
  const chromium = await findChromium(),
    mesa = findMesaChromium()
  if (chromium === undefined) leaveOut('browser tests', 'no Chromium was found: set CHROMIUM_PATH')
  // Tests in Node find the same one, without unpacking it again.
  else process.env['CHROMIUM_PATH'] ??= chromium
  if ('missing' in mesa) leaveOut('tests on llvmpipe', mesa.missing)
  return [
    ...(chromium === undefined ? [] : [browser('browser', 'swiftshader', chromium, mainTests), unisolated(chromium)]),
    ...('missing' in mesa ? [] : [browser('llvmpipe', 'llvmpipe', mesa.executablePath, onMesa)]),
  ]
}

export default defineConfig(async () => {
  const inBrowsers = await browsers()
  return {
    test: {
      projects: [...nodes(process.env['CHROMIUM_PATH'] !== undefined), ...inBrowsers],
      reporters: ['default', './scripts/summary-reporter.ts'],
      // Tests in browsers leave a core idle half of the time.
      maxWorkers: Math.max(2, availableParallelism() - 1),
    },
  }
})
