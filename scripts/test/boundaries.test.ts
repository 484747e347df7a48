import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../workspace.ts'

// oxlint.config.ts keeps the import boundaries of the design: these imports are refused, and the ones below are not.
const refused: readonly (readonly [file: string, imported: string])[] = [
  ['packages/core/src/shape.ts', './tensor.ts'],
  ['packages/core/src/tree.ts', './numpy/index.ts'],
  ['packages/core/src/dtype.ts', './lower/lower.ts'],
  ['packages/core/src/lower/kernel.ts', '../program/program.ts'],
  ['packages/core/src/lower/kernel.ts', './fuse.ts'],
  ['packages/core/src/lower/fuse.ts', '../primitives/arithmetic.ts'],
  ['packages/core/src/lower/fuse.ts', '../numpy/math.ts'],
  ['packages/core/src/lower/fuse.ts', 'node:fs'],
  ['packages/core/src/lower/print/loop.ts', '../../numpy/math.ts'],
  ['packages/core/src/backend/execute.ts', '../primitives/arithmetic.ts'],
  ['packages/core/src/program/trace.ts', '../transforms/jvp.ts'],
  ['packages/core/src/transforms/jvp.ts', '../numpy/math.ts'],
  ['packages/core/src/transforms/jvp.ts', '../random/random.ts'],
  ['packages/core/src/transforms/jvp.ts', '../fp.ts'],
  ['packages/core/src/primitives/special.ts', '../special/gamma.ts'],
  ['packages/core/src/program/trace.ts', '../debug/nans.ts'],
  ['packages/core/src/fft/fft.ts', '../profile.ts'],
  ['packages/core/src/numpy/math.ts', 'fast-check'],
  ['packages/core/src/numpy/math.ts', 'comlink'],
  ['packages/backend-cpu/src/backend.ts', '@cotangent/core'],
  ['packages/backend-cpu/src/backend.ts', '../../core/src/kernel.ts'],
  ['packages/backend-webgl/src/backend.ts', 'comlink'],
  ['packages/nn/src/dense.ts', '@cotangent/backend-cpu'],
  ['packages/nn/src/dense.ts', '@cotangent/core/kernel'],
]

const allowed: readonly (readonly [file: string, imported: string])[] = [
  ['packages/core/src/shape.ts', './errors.ts'],
  ['packages/core/src/lower/kernel.ts', './instructions.ts'],
  ['packages/core/src/lower/lowering.ts', './kernel.ts'],
  ['packages/core/src/lower/fuse.ts', '../primitives/primitive.ts'],
  ['packages/core/src/lower/print/loop.ts', '../kernel.ts'],
  ['packages/core/src/primitives/arithmetic.ts', './cast.ts'],
  ['packages/core/src/transforms/jvp.ts', '../program/bind.ts'],
  ['packages/core/src/numpy/math.ts', '../primitives/arithmetic.ts'],
  ['packages/core/src/random/poisson.ts', '../special/gamma.ts'],
  ['packages/core/src/fp.ts', 'fp-ts/function'],
  ['packages/core/src/testing/laws.ts', 'fast-check'],
  ['packages/backend-cpu/src/backend.ts', '@cotangent/core/kernel'],
  ['packages/backend-cpu/src/workers/pool.ts', 'comlink/dist/esm/node-adapter.mjs'],
  ['packages/nn/src/dense.ts', '@cotangent/core'],
  ['packages/nn/src/optim/chain.ts', 'fp-ts/Monoid'],
]

interface Report {
  readonly diagnostics: readonly {
    readonly code: string
    readonly filename: string
    readonly labels: readonly { readonly span: { readonly line: number } }[]
  }[]
}

/** Lints files with one import a line; gives "FILE <- IMPORT" for each import that the boundaries refuse. */
const lint = (imports: readonly (readonly [file: string, imported: string])[]): readonly string[] => {
  const tree = mkdtempSync(join(tmpdir(), 'cotangent-boundaries-'))
  const files = Map.groupBy(imports, ([file]) => file)
  for (const [file, lines] of files) {
    mkdirSync(dirname(join(tree, file)), { recursive: true })
    writeFileSync(join(tree, file), lines.map(([, imported], i) => `export { x${i} } from '${imported}'\n`).join(''))
  }
  cpSync(join(root, 'oxlint.config.ts'), join(tree, 'oxlint.config.ts'))
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
  const args = [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', 'packages']
  const { stdout } = spawnSync(process.execPath, args, { cwd: tree, encoding: 'utf8' })
  rmSync(tree, { recursive: true })
  return (JSON.parse(stdout) as Report).diagnostics
    .filter(({ code }) => code.includes('no-restricted-imports'))
    .map(({ filename, labels }) => `${filename} <- ${files.get(filename)?.[(labels[0]?.span.line ?? 0) - 1]?.[1]}`)
    .sort()
}

test('exactly the imports that the design forbids are refused', () => {
  expect(lint([...refused, ...allowed])).toEqual(refused.map(([file, imported]) => `${file} <- ${imported}`).sort())
})
