/** The native addon: a prebuilt binary beside this package, opened when a backend is asked for and never before. */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { fail } from '@cotangent/core/kernel'
import type { Addon } from './addon.ts'

/** Platforms for which a binary comes with the package. */
const prebuilt: readonly string[] = ['linux-x64']

/** Where the binary of this platform lies: the same two steps up from the sources, from `dist`, and from its bundle. */
export const addonPath = (platform: string = `${process.platform}-${process.arch}`): string =>
  fileURLToPath(new URL(`../../prebuilt/${platform}/cuda.node`, import.meta.url))

/** Throws a BackendError that says what is missing. */
export function loadAddon(platform: string = `${process.platform}-${process.arch}`, path: string = addonPath(platform)): Addon {
  if (!prebuilt.includes(platform))
    fail(
      'BackendError',
      `cuda: there is no native addon for ${platform}, only for ${prebuilt.join(', ')}. Use the cpu backend, or run on x64 Linux (WSL too).`,
    )
  if (!existsSync(path))
    fail(
      'BackendError',
      `cuda: the native addon ${path} is missing. Install the package again; in a clone of the repository build it: npx -y pnpm@12 build:addon.`,
    )
  try {
    return createRequire(import.meta.url)(path) as Addon
  } catch (error) {
    return fail(
      'BackendError',
      `cuda: the native addon cannot be loaded: ${error instanceof Error ? error.message : String(error)}.`,
      error,
    )
  }
}
