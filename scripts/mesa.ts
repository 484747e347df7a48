import { existsSync } from 'node:fs'
import { install, mayInstall } from './apt.ts'

// Mesa's llvmpipe, a second graphics driver that computes on the processor. It takes a Chromium of the system, since the one from npm brings
// SwiftShader alone, and Mesa's EGL. COTANGENT_MESA: `off` leaves its tests out, `required` makes it a failure when root cannot install it.

const packages = ['chromium-headless-shell', 'libegl1', 'libgl1-mesa-dri'] as const
const chromiums = ['/usr/lib/chromium/chromium-headless-shell', '/usr/bin/chromium-headless-shell', '/usr/bin/chromium']
const libraries = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']

/** A Chromium that can draw by Mesa, or why there is none. */
export type MesaChromium = { readonly executablePath: string } | { readonly missing: string }

/** Looks for one; installs nothing. `MESA_CHROMIUM_PATH` names another than the usual ones. */
export function findMesaChromium(): MesaChromium {
  if (process.env['COTANGENT_MESA'] === 'off') return { missing: 'COTANGENT_MESA=off' }
  if (process.platform !== 'linux') return { missing: `Mesa is looked for on Linux only, this is ${process.platform}` }
  const executablePath = process.env['MESA_CHROMIUM_PATH'] ?? chromiums.find(path => existsSync(path))
  const missing = [
    ...(executablePath === undefined ? ['a Chromium of the system'] : []),
    ...(hasLibrary('libEGL.so.1') ? [] : ['libEGL']),
    ...(hasLibrary('dri/swrast_dri.so') ? [] : ["Mesa's software driver"]),
  ]
  if (executablePath !== undefined && missing.length === 0) return { executablePath }
  return { missing: `this machine lacks ${missing.join(', ')}; on Debian: apt-get install ${packages.join(' ')}` }
}

const hasLibrary = (name: string): boolean => libraries.some(folder => existsSync(`${folder}/${name}`))

/** Installs what is missing where this process may, which is as root with apt-get, and says so. Then what there is. */
export function provideMesaChromium(): MesaChromium {
  const found = findMesaChromium()
  if (!('missing' in found) || process.env['COTANGENT_MESA'] === 'off' || !mayInstall()) return found
  console.log(`Installing once, for the tests on Mesa's llvmpipe (COTANGENT_MESA=off leaves them out): ${packages.join(' ')}`)
  const problem = install(...packages)
  return problem === undefined ? findMesaChromium() : { missing: `${found.missing} (tried: ${problem})` }
}
