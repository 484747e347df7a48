/** The pages with code, and the folders that their modules are written to. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type Snippet, snippetsOf } from './snippets.ts'

export const root: string = fileURLToPath(new URL('..', import.meta.url))
/** Not in git; in the repository, so that imports of packages find them. Tests run at the same time: each kind has its own. */
export const folders: Readonly<Record<'node' | 'browser', string>> = {
  node: join(root, 'docs/.snippets'),
  browser: join(root, 'docs/.snippets-browser'),
}

export const pages: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'packages/backend-cpu/README.md',
  'packages/backend-webgl/README.md',
  'packages/core/README.md',
  'packages/nn/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md') && !file.startsWith('.'))
    .map(file => `docs/${file.replaceAll('\\', '/')}`),
].sort()

export const textOf = (page: string): string => readFileSync(join(root, page), 'utf8')
export const modulesOf = (page: string): readonly Snippet[] => snippetsOf(page, textOf(page), '../snippets.ts')

export function writeModules(folder: string, modules: readonly Snippet[]): void {
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of modules) writeFileSync(join(folder, `${name}.ts`), code)
}
export const runModule = (name: string): Promise<unknown> => import(/* @vite-ignore */ pathToFileURL(join(folders.node, `${name}.ts`)).href)
