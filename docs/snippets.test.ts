import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { init } from '@cotangent/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { agrees, problemsOf, snippetsOf } from './snippets.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
/** Not in git; in the repository, so that imports of packages find them. */
const folder = join(root, 'docs/.snippets')

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md') && !file.startsWith('.'))
    .map(file => `docs/${file.replaceAll('\\', '/')}`),
].sort()
const snippets = pages.flatMap(page => snippetsOf(page, readFileSync(join(root, page), 'utf8'), '../snippets.ts'))

const compilerOptions = { rootDir: '../..', lib: ['es2024', 'esnext', 'dom'], noUncheckedIndexedAccess: false }

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of snippets) writeFileSync(join(folder, `${name}.ts`), code)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.check.json', compilerOptions, include: ['*.ts', '../../packages/*/src/**/*.d.ts'] }))
  await init({ backend: 'cpu', threads: 1 })
})

describe('the code in the documentation', () => {
  it('compiles', () => {
    const { stdout, status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
      cwd: root,
    })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
  for (const { name, runs } of snippets) {
    if (runs)
      it(name, async () => expect((await problemsOf(() => import(pathToFileURL(join(folder, `${name}.ts`)).href))).join('\n\n')).toBe(''))
  }
})

describe('snippets', () => {
  it('keep their line numbers and check what the page says', () => {
    const [page] = snippetsOf(
      'a/b.md',
      'text\n```ts\nconst x = 1 // -> 1\nx + 1\n// -> 2\nf(x) // throws ValueError: no\n```\n',
      './helpers.ts',
    )
    expect(page?.name).toBe('a-b')
    expect(page?.code.split('\n').slice(2, 6)).toEqual([
      'const x = 1; $is("a/b.md:3", x, "1");',
      '$is("a/b.md:4", (x + 1), "2");',
      '',
      'await $throws("a/b.md:6", async () => (f(x)), "ValueError: no");',
    ])
  })
  it('that do not run are modules of their own', () => {
    expect(snippetsOf('b.md', '# b\n```ts no-run\nserve()\n```\n', './helpers.ts')).toEqual([
      { name: 'b-2', code: '\n\nserve()\nexport {}', runs: false },
    ])
  })
  it('refuses an expectation inside a function', () => {
    expect(() => snippetsOf('c.md', '```ts\n  x // -> 1\n```', './helpers.ts')).toThrow('c.md:2')
  })
  it('forgives white space and the last digits only', () => {
    expect(agrees('Tensor([1, 0.33333334])', 'Tensor([1,  0.33333333])')).toBe(true)
    expect(agrees('Tensor([1, 0.33333334])', 'Tensor([1, 0.3334])')).toBe(false)
    expect(agrees('f32[3]', 'f32[4]')).toBe(false)
    expect(agrees('ShapeError: add: x', 'ShapeError: add...')).toBe(true)
  })
})
