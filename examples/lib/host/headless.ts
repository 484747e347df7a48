/** A program in a browser without a window: Vite serves the sources, Chromium runs them, this process stays their host. */
import { randomUUID } from 'node:crypto'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CotangentError } from '@cotangent/core'
import type { Browser } from 'playwright'
import { type Plugin, type ViteDevServer, createServer, defaultClientConditions } from 'vite'
import { isolationHeaders } from '../../../scripts/browser.ts'
import type { Host } from './host.ts'
import type { Failure, Job } from './page.ts'
import { serveHost } from './serve.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
/** The address of a module on the server. */
const addressOf = (module: URL): string => `/${relative(root, fileURLToPath(module)).replaceAll('\\', '/')}`

/** `init` imports a backend by the name of its package, which a browser finds by such a map. */
const imports = Object.fromEntries(['webgl', 'cpu'].map(name => [`@cotangent/backend-${name}`, `/@id/@cotangent/backend-${name}`]))
const document = `<!doctype html><title>Cotangent</title><script type="importmap">${JSON.stringify({ imports })}</script>`

/** `calls` is the address of the host's calls. */
function serve(host: Host, calls: string): Promise<ViteDevServer> {
  const plugin: Plugin = {
    name: 'host',
    configureServer({ middlewares }) {
      middlewares.use(calls, serveHost(host))
      middlewares.use((request, response, next) =>
        request.url === '/' ? response.setHeader('Content-Type', 'text/html').end(document) : next(),
      )
    },
  }
  return createServer({
    configFile: false,
    root,
    appType: 'custom',
    logLevel: 'error',
    plugins: [plugin],
    resolve: { conditions: ['source', ...defaultClientConditions] },
    // Nothing may make the page load again.
    optimizeDeps: { noDiscovery: true },
    server: { host: '127.0.0.1', port: 0, headers: isolationHeaders, hmr: false, ws: false, watch: null },
  })
}

/** Programs in pages of a browser, one after another, from one server. */
export interface Headless {
  /** Runs the `main` of a module. @throws what the program throws. */
  run(program: URL, options: unknown): Promise<void>
  close(): Promise<void>
}

/** `host` is that of all programs. */
export async function openHeadless(browser: Browser, host: Host): Promise<Headless> {
  // Pages of others do not guess the address, and so have no files of ours.
  const calls = `/${randomUUID()}/`,
    server = await serve(host, calls)
  await server.listen()
  const runner = addressOf(new URL('page.ts', import.meta.url))
  return {
    async run(program, options) {
      const page = await browser.newPage({ locale: 'en-US' })
      try {
        await page.goto(server.resolvedUrls?.local[0] ?? '')
        const job: Job = { program: addressOf(program), host: calls, isTerminal: host.isTerminal, options }
        const failure = await page.evaluate<Failure | null>(`import('${runner}').then(m => m.runJob(${JSON.stringify(job)}))`)
        if (failure?.kind !== undefined) throw new CotangentError(failure.kind, failure.message)
        if (failure !== null) throw new Error(failure.message)
      } finally {
        await page.close()
      }
    },
    close: () => server.close(),
  }
}

/**
 * Runs the `main` of a module in a page of this browser.
 * @throws what the program throws.
 */
export async function runHeadless(browser: Browser, program: URL, options: unknown, host: Host): Promise<void> {
  const headless = await openHeadless(browser, host)
  try {
    await headless.run(program, options)
  } finally {
    await headless.close()
  }
}
