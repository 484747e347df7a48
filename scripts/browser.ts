import { existsSync } from 'node:fs'

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
