import { existsSync } from 'node:fs'
import type { Browser } from 'playwright'
import { findMesaChromium } from './mesa.ts'

/** Graphics drivers by Chromium's flags. Both compute on the processor, so that results are the same on machines with any GPU or none. */
export const drivers = {
  /** In every Chromium. */
  swiftshader: ['--use-angle=swiftshader'],
  /** Mesa's: see mesa.ts. */
  llvmpipe: ['--use-gl=angle', '--use-angle=gl-egl', '--ignore-gpu-blocklist'],
} as const

export type Driver = keyof typeof drivers

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

/** Opens a Chromium that draws by this driver, without a window. Rejects with the remedy where there is none. */
export const launchDriver = async (driver: Driver): Promise<Browser> => {
  if (driver === 'swiftshader') return launchChromium(...drivers[driver])
  const found = findMesaChromium()
  if ('missing' in found) throw new Error(`llvmpipe: ${found.missing}.`)
  const { chromium } = await import('playwright')
  return chromium.launch({ executablePath: found.executablePath, args: [...drivers[driver]] })
}

/** Opens the Chromium that `findChromium` finds, without a window. Rejects with the remedy where there is none. */
export const launchChromium = async (...args: readonly string[]): Promise<Browser> => {
  const executablePath = await findChromium()
  if (executablePath === undefined) throw new Error('No Chromium was found. Set CHROMIUM_PATH to one.')
  if (!existsSync(executablePath)) throw new Error(`There is no Chromium at ${executablePath}. Set CHROMIUM_PATH to one.`)
  const { chromium } = await import('playwright')
  return chromium.launch({ executablePath, args: [...args] })
}

/** Without these two headers a browser gives out no shared memory: threads need the page to be cross-origin isolated. */
export const isolationHeaders = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' } as const
