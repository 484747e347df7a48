import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { types } from 'node:util'
import { init } from '@cotangent/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { folders, modulesOf, pages, root, runModule, textOf, writeModules } from './pages.ts'
import { namesModule, packages } from './names.ts'
import { $is, $throws, agrees, problemsOf, refreshed, showProblem, snippetsOf } from './snippets.ts'

const snippets = pages.flatMap(modulesOf)
/** Of the tables that translate names. */
const names = pages.flatMap(page => {
  const code = namesModule(textOf(page), '../standins.ts')
  return code === null ? [] : [{ name: `${page.replace(/\.md$/, '').replaceAll('/', '-')}.names`, code, place: 'nowhere' as const }]
})
const folder = folders.node
const compilerOptions = { rootDir: '../..', lib: ['es2024', 'esnext', 'dom'] }
const include = ['*.ts', '../../packages/*/src/**/*.d.ts']

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  writeModules(folder, snippets)
  writeModules(folder, names)
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../../tsconfig.check.json', compilerOptions, include }))
  await init({ backend: 'cpu', threads: 1 })
})

describe('the code in the documentation', () => {
  it('compiles', () => {
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: root })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
  for (const { name, place } of snippets) {
    if (place === 'node') it(name, async () => expect((await problemsOf(() => runModule(name))).map(showProblem).join('\n\n')).toBe(''))
  }
})

describe('tables of names', () => {
  it('are compiled: what is below the heading, at its line', () => {
    const table =
      '| JAX | Cotangent |\n|---|---|\n| `jnp.sin` | `sin(x)` of `@cotangent/core`, `relu gelu` |\n\n| a | b |\n|---|---|\n| `c` | `d` |'
    const lines = namesModule(table, './standins.ts')?.split('\n')
    expect(lines?.slice(1)).toEqual(['', 'void (sin(x)); void (relu); void (gelu); ', '', '', '', ''])
    expect(lines?.[0]).toMatch(
      /import \{ x \} from '\.\/standins\.ts'; declare const sin: typeof from0\.sin; declare const relu: typeof from1\.relu; /,
    )
    expect(namesModule('`sin`', './standins.ts')).toBe(null)
  })
  it('and pages tell of everything that nn has', () => {
    const codeOf = (text: string): readonly string[] => text.match(/^```[\s\S]*?^```$|`[^`]+`/gm) ?? []
    const told = new Set(pages.flatMap(page => codeOf(textOf(page)).flatMap(code => code.match(/\w+/g) ?? [])))
    const namesIn = (values: object): readonly string[] =>
      Object.entries(values).flatMap(([name, v]) => [name, ...(types.isModuleNamespaceObject(v) ? namesIn(v) : [])])
    const untold = Object.entries(packages)
      .filter(([from]) => from.startsWith('@cotangent/nn'))
      .flatMap(([from, values]) => namesIn(values).flatMap(name => (told.has(name) ? [] : [`${name} of ${from}`])))
    expect(untold, 'name them in a guide, with what they are for').toEqual([])
  })
})

describe('links between pages', () => {
  const withoutCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`]*`/g, '')
  const anchorsOf = (page: string): readonly string[] =>
    [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    )
  const folders = ['examples', 'packages'].flatMap(folder => readdirSync(join(root, folder)).map(name => `${folder}/${name}/README.md`))
  const linked = [
    ...new Set([...pages, 'examples/README.md', 'examples/RESULTS.md', ...folders.filter(page => existsSync(join(root, page)))]),
  ]
  const targetsOf = (page: string): readonly string[] =>
    [...withoutCode(textOf(page)).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path = '']) => join(dirname(page), path))
  it('lead to every page', () => {
    const reached = new Set(linked.flatMap(targetsOf))
    expect(pages.filter(page => page.startsWith('docs/') && !reached.has(page))).toEqual([])
  })
  it('lead from the page of examples to each', () => {
    const theirs = folders.filter(page => page.startsWith('examples/') && linked.includes(page))
    expect(theirs.filter(page => !targetsOf('examples/README.md').includes(page))).toEqual([])
  })
  for (const page of linked) {
    it(page, () => {
      const links = [...withoutCode(textOf(page)).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)]
      const broken = links.filter(([, path = '', anchor]) => {
        const target = path === '' ? page : join(dirname(page), path)
        return !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
      })
      expect(broken.map(([link]) => link)).toEqual([])
    })
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
      { name: 'b-2', code: '\n\nserve()\nexport {}', place: 'nowhere' },
    ])
  })
  it('for a browser are one module, beside the one for Node', () => {
    const text = '```ts browser\ndraw() // -> 1\n```\n```ts\nserve()\n```\n```ts browser\nmore()\n```'
    const [node, browser, ...others] = snippetsOf('b.md', text, './helpers.ts')
    expect([node?.name, node?.place, node?.code.split('\n')[4]]).toEqual(['b', 'node', 'serve()'])
    expect([browser?.name, browser?.place, others]).toEqual(['b-browser', 'browser', []])
    expect(browser?.code.split('\n').slice(1)).toEqual(['$is("b.md:2", (draw()), "1");', '', '', '', '', '', 'more()', ''])
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
  it('see where a page is wrong, and bring it up to date', async () => {
    const text = 'a = 1 // -> 2\nb\n// -> x\n//    y\nc() // throws ValueError\n'
    const found = await problemsOf(async () => {
      $is('p.md:1', 1, '2')
      $is('p.md:2', [1], 'x\ny')
      await $throws('p.md:5', async () => 0, 'ValueError')
    })
    expect(found.map(p => p.shown)).toEqual(['1', '[ 1 ]', 'no error'])
    expect(refreshed(text, found)).toBe('a = 1 // -> 1\nb // -> [ 1 ]\nc()\n// throws no error\n')
  })
})
