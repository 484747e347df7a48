import { existsSync } from 'node:fs'
import type { Browser } from 'playwright'

/**
 * The Chromium that browser tests run in: `CHROMIUM_PATH` when it is set, else the one that npm brought
 * (`@sparticuz/chromium`, Linux x64), else nothing. Call it once a run: unpacking is not atomic.
 */
export const findChromium = async (): Promise<string | undefined> => {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined) return named
  if (process.platform === 'linux' && process.arch === 'x64') {
    const { default: chromium } = await import('@sparticuz/chromium')
    return chromium.executablePath()
  }
  const { chromium } = await import('playwright')
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined
}

/** Opens that Chromium without a window. Rejects with the remedy where there is none. */
export const launchChromium = async (...args: readonly string[]): Promise<Browser> => {
  const executablePath = await findChromium()
  if (executablePath === undefined) throw new Error('No Chromium was found. Set CHROMIUM_PATH to one.')
  if (!existsSync(executablePath)) throw new Error(`There is no Chromium at ${executablePath}. Set CHROMIUM_PATH to one.`)
  const { chromium } = await import('playwright')
  return chromium.launch({ executablePath, args: [...args] })
}

/** Without these two headers a browser gives out no shared memory: threads need the page to be cross-origin isolated. */
export const isolationHeaders = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } as const
