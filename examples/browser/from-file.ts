/**
 * Makes the build work from a double click on its index.html. A page opened as a file may start scripts and show pictures beside it, but neither
 * fetch files nor load modules or workers: for such a page alone (parts.ts), what it needs is written once more, as ordinary scripts. Run by the
 * build; needs Node.
 */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { type FileParts, fileScripts } from './parts.ts'

const PAGE = 'file/page.js'
const moduleTag = /\s*<script type="module" crossorigin src="([^"]+)"><\/script>/

/** What the module's tag becomes. At the end of the body, so that either script finds the elements. */
const starter = (module: string): string => `<script>
      const script = document.createElement('script')
      if (location.protocol === 'file:') script.src = './${PAGE}'
      else Object.assign(script, { type: 'module', src: '${module}' })
      document.head.append(script)
    </script>
  </body>`

export const fromFile = (): Plugin => ({
  name: 'from-file',
  apply: 'build',
  config: () => ({ build: { modulePreload: false } }),
  transformIndexHtml: {
    order: 'post',
    handler(html) {
      const [, module] = moduleTag.exec(html) as RegExpExecArray
      return html
        .replace(moduleTag, '')
        .replaceAll(' crossorigin', '')
        .replace('</body>', starter(module as string))
    },
  },
  async writeBundle({ dir }, bundle) {
    const folder = dir as string,
      page = Object.values(bundle).find(part => part.type === 'chunk' && part.isEntry)
    if (page?.type !== 'chunk') throw new Error('the build has no page')
    const [, worker] = /(worker-[\w-]+\.js)/.exec(page.code) as RegExpExecArray
    await mkdir(join(folder, 'file'), { recursive: true })
    // A module's names are its own, and it has an address, which this script has no use for.
    await writeFile(join(folder, PAGE), `(() => {\n'use strict'\n${page.code.replaceAll('import.meta.url', 'location.href')}\n})()\n`)
    await write(folder, 'worker', await readFile(join(folder, 'assets', worker as string), 'utf8'))
    await write(folder, 'digits', await dataUrls(join(folder, 'digits')))
  },
})

async function write<K extends keyof FileParts>(folder: string, part: K, value: FileParts[K]): Promise<void> {
  const text = `globalThis.cotangentParts = { ...globalThis.cotangentParts, ${part}: ${JSON.stringify(value)} }\n`
  await writeFile(join(folder, fileScripts[part]), text)
}

async function dataUrls(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = (await readdir(folder)).map(
    async name => [name, `data:application/octet-stream;base64,${await readFile(join(folder, name), 'base64')}`] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}
