import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { minify } from 'rolldown/experimental'
import { build, type Rolldown } from 'vite'
import { minimal } from './minimal.ts'
import { root } from './workspace.ts'

// `pnpm bundle:shares [backend]`, after a build: what the bundle of scripts/minimal.ts is made of, folder by folder and module by module. A share
// is the module's own size, minified and compressed alone, as a part of the sum: names and phrases that modules have in common count in each.

const name = process.argv[2] ?? 'cpu'
const entry = join(root, 'scripts', `minimal-${name}.js`)

async function modules(): Promise<readonly (readonly [path: string, size: number])[]> {
  const { output } = (await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { target: 'es2023', write: false, minify: false, rolldownOptions: { input: entry } },
    plugins: [{ name: 'minimal', resolveId: id => (id === entry ? id : null), load: id => (id === entry ? minimal(name) : null) }],
  })) as Rolldown.RolldownOutput
  const rendered = output.flatMap(chunk => (chunk.type === 'chunk' ? Object.entries(chunk.modules) : []))
  return Promise.all(rendered.flatMap(([path, { code }]) => (code === null || path === entry ? [] : [sizeOf(relative(root, path), code)])))
}

async function sizeOf(path: string, code: string): Promise<readonly [string, number]> {
  const { code: short } = await minify('module.js', code, { module: true, compress: false, mangle: { toplevel: true }, codegen: true })
  return [path.replace(/^packages\/(.*)\/dist\//, '$1/'), gzipSync(short).length]
}

const all = await modules()
const total = all.reduce((sum, [, size]) => sum + size, 0)
const print = (sizes: ReadonlyMap<string, number>): void => {
  for (const [path, size] of [...sizes].toSorted((a, b) => b[1] - a[1]))
    console.log(`${((100 * size) / total).toFixed(1).padStart(5)} %  ${path}`)
}
const folders = new Map<string, number>()
for (const [path, size] of all) {
  const folder = path.split('/').slice(0, -1).slice(0, 2).join('/')
  folders.set(folder, (folders.get(folder) ?? 0) + size)
}
print(folders)
console.log()
print(new Map(all))
