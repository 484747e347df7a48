/** The code in the documentation that needs a browser. */
import type { Browser } from 'playwright'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../examples/lib/host/host.ts'
import { runHeadless } from '../examples/lib/host/headless.ts'
import { nodeHost } from '../examples/lib/host/node.ts'
import { launchChromium } from '../scripts/browser.ts'
import type { PageOptions } from './page.ts'
import { folders, modulesOf, pages, writeModules } from './pages.ts'

const snippets = pages.flatMap(modulesOf).filter(({ place }) => place === 'browser')

let browser: Browser
beforeAll(async () => {
  writeModules(folders.browser, snippets)
  browser = await launchChromium('--use-angle=swiftshader')
})
afterAll(() => browser.close())

describe('the code in the documentation that needs a browser', () => {
  it.each(snippets.map(({ name }) => name))('%s', async name => {
    const printed: string[] = []
    const host: Host = { ...nodeHost, print: line => printed.push(line) }
    const options: PageOptions = { module: `/docs/.snippets-browser/${name}.ts` }
    await runHeadless(browser, new URL('page.ts', import.meta.url), options, host)
    expect(printed.join('\n\n')).toBe('')
  })
})
