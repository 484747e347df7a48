import { basename } from 'node:path'
import { defineConfig } from 'oxlint'

// The import boundaries of the design, as data: what a folder may not import, and what to say about it.
// A pattern is tested against the text of an import, of types too. oxlint's regular expressions have no look-ahead, and a "!"
// allows a path in all patterns after it: so packages are a group, at the end, and everything else is a regular expression.

type Restriction = ({ readonly regex: string } | { readonly group: string[] }) & { readonly message: string }

/** What files may import ("fp-ts/**": the modules of a package too); everything else is refused. */
const only = (allowed: readonly string[]): Restriction => ({
  group: ['**', ...allowed.map(name => `!${name}`)],
  message: `This may import ${allowed.join(', ')} and nothing else.`,
})

/** Packages that files may import, besides relative paths. */
const packages = (...allowed: readonly string[]): Restriction => only(['./**', '../**', ...allowed])

const otherPackage: Restriction = { regex: '^\\.\\./.*(packages|src)/', message: 'Import another package by its name.' }

/** Folders and files of core/src that lie above the folder of the importing file. */
const above = (names: readonly string[]): Restriction => ({
  regex: `^(\\.\\./)+(${names.join('|')})(/|\\.ts$)`,
  message: 'Imports point downwards: this module lies above the one that imports it.',
})

/** A regular expression for the beginnings of all words that are not `word`. */
const differentFrom = (word: string): string => [...word].map((c, i) => `${word.slice(0, i)}[^${c}]`).join('|')

/** Primitives by name; `primitives/primitive.ts`, the type of all of them, stays allowed. */
const namedPrimitives: Restriction = {
  regex: `(^|/)primitives/(${differentFrom('primitive.ts')})`,
  message: 'This module knows no primitive by name: add a rule to the type Primitive instead.',
}

const surface = ['index', 'fp', 'extend', 'explain', 'profile', 'debug', 'testing']
const chapters = ['numpy', 'linalg', 'lax', 'fft', 'special', 'image', 'signal', 'random']
const composed = [...chapters, ...surface]

const restrict = (files: readonly string[], allowed: Restriction, ...patterns: readonly Restriction[]) => ({
  files: [...files],
  rules: { 'no-restricted-imports': ['error', { patterns: [otherPackage, ...patterns, allowed] }] } as const,
})

const core = packages('fp-ts', 'fp-ts/**')
const nn = ['@cotangent/core', '@cotangent/core/extend', '@cotangent/core/fp', 'fp-ts', 'fp-ts/**']
const foundation = ['errors', 'userLine', 'half', 'dtype', 'options', 'promotion', 'stored', 'shape', 'aval', 'identity']
const kernelFiles = ['lower/kernel.ts', 'lower/instructions.ts', 'backend/backend.ts']
const src = (...paths: readonly string[]): readonly string[] => paths.map(path => `packages/core/src/${path}`)

export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc'],
  categories: { correctness: 'error' },
  ignorePatterns: ['**/dist/**', '**/node_modules/**'],
  rules: {
    'import/no-default-export': 'error',
    'typescript/no-explicit-any': 'error',
    // Mathematical constants keep the digits of their source.
    'no-loss-of-precision': 'off',
    'unicorn/no-new-array': 'off',
    'no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', destructuredArrayIgnorePattern: '^_' }],
    'no-var': 'error',
    'prefer-const': 'error',
    eqeqeq: ['error', 'always', { null: 'ignore' }],
  },
  // The last matching entry decides, so each one lists all that its files may not import.
  overrides: [
    restrict(src('**/*.ts'), core),
    restrict(src(...chapters.map(name => `${name}/**`)), core, above(surface)),
    restrict(src('transforms/**', 'primitives/**'), core, above(composed)),
    restrict(src('program/**', 'lower/**', 'backend/**'), core, above([...composed, 'transforms']), namedPrimitives),
    restrict(
      src(...kernelFiles),
      only([...foundation.map(name => `../${name}.ts`), ...kernelFiles.flatMap(path => [`../${path}`, `./${basename(path)}`])]),
    ),
    restrict(src(...foundation.map(name => `${name}.ts`)), only(['fp-ts', 'fp-ts/**', ...foundation.map(name => `./${name}.ts`)])),
    // Trees hold tensors: the handle, no operations.
    restrict(
      src('tree.ts', 'tree/**'),
      only([
        ...[...foundation, 'tensor'].flatMap(name => [`./${name}.ts`, `../${name}.ts`]),
        ...['structure', 'paths'].flatMap(name => [`./${name}.ts`, `./tree/${name}.ts`]),
      ]),
    ),
    restrict(src('testing/**'), packages('fp-ts', 'fp-ts/**', 'fast-check')),
    restrict(
      ['packages/backend-cpu/src/**/*.ts'],
      packages('@cotangent/core/kernel', 'comlink', 'comlink/**', 'node:worker_threads', 'node:os'),
    ),
    restrict(['packages/backend-webgl/src/**/*.ts'], packages('@cotangent/core/kernel')),
    restrict(['packages/backend-cuda/src/**/*.ts'], packages('@cotangent/core/kernel', 'node:*')),
    restrict(['packages/nn/src/**/*.ts'], packages(...nn)),
    // Bytes in, bytes out: the formats of data run anywhere.
    restrict(['packages/nn/src/data/**/*.ts'], packages(...nn, 'fflate')),
    restrict(['packages/nn/src/host/**/*.ts'], packages(...nn, 'node:*', 'node:fs/**')),
    { files: ['*.config.ts', 'scripts/summary-reporter.ts'], rules: { 'import/no-default-export': 'off' } },
  ],
})
