/**
 * Joins the compiled modules of a package into a few files for Node (the condition `node` of its exports): an import of core is one file
 * instead of 170, which loads several times as fast. Bundlers get the single modules, of which they leave out what a program does not use.
 */
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { rolldown } from 'rolldown'
import type { Package } from './workspace.ts'

/** Entry points: the `default` of each export, and workers, which are loaded by URL. */
function entriesOf({ directory, manifest }: Package): Record<string, string> {
  const dist = join(directory, 'dist')
  const exported = Object.values(manifest.exports).map(e => join(directory, e.default))
  const name = (path: string): string => path.slice(dist.length + 1).replace(/\.js$/, '')
  // A worker stands beside the entry point that starts it, as its URL says: './worker.js'.
  const workers = globSync('**/worker.js', { cwd: dist }).map(path => [basename(path, '.js'), join(dist, path)] as const)
  return Object.fromEntries([...exported.map(path => [name(path), path] as const), ...workers])
}

export async function bundlePackage(pkg: Package): Promise<void> {
  const dist = join(pkg.directory, 'dist')
  const build = await rolldown({
    input: entriesOf(pkg),
    external: id => !/^[./]/.test(id),
    platform: 'node',
    preserveEntrySignatures: 'strict',
    treeshake: { moduleSideEffects: false },
  })
  await build.write({ dir: join(dist, 'node'), format: 'esm', entryFileNames: '[name].js', chunkFileNames: 'shared/[name]-[hash].js' })
  await build.close()
}
