/** Which line of a stack is the user's, in the stacks of all engines and however the library is installed; and that errors name it. */
import { fc, it } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { setBackend } from '../src/backend/current.ts'
import { createReference } from '../src/backend/reference.ts'
import { CotangentError, grad, jit, matmul, scan, type Tensor, vmap, zeros } from '../src/index.ts'
import { showLine, userLineOf } from '../src/userLine.ts'

setBackend(createReference())

/** Frames of V8; the first one is this library's module `userLine`. */
const stack = (...frames: readonly string[]): { stack: string } => ({
  stack: ['Error', ...frames.map(f => `    at ${f}`)].join('\n'),
})
const shown = (made: { stack: string }): string | undefined => {
  const found = userLineOf(made)
  return found && showLine(found)
}
const user = 'loss (file:///home/me/app/train.ts:12:5)',
  line = 'loss (/home/me/app/train.ts:12:5)'

/** Places that the packages may be at: core's module userLine, and other files that belong to the library. */
const installed: Readonly<Record<string, readonly [own: string, ...others: string[]]>> = {
  source: ['/repo/packages/core/src/userLine.ts', '/repo/packages/core/src/numpy/linalg.ts', '/repo/packages/nn/src/layers/dense.ts'],
  npm: ['/app/node_modules/@cotangent/core/dist/node/index.js', '/app/node_modules/@cotangent/nn/dist/node/index.js'],
  pnpm: [
    '/app/node_modules/.pnpm/@cotangent+core@1.0.0/node_modules/@cotangent/core/dist/node/shared/grad-Ab12.js',
    '/app/node_modules/.pnpm/@cotangent+nn@1.0.0/node_modules/@cotangent/nn/dist/index.js',
    '/app/node_modules/.pnpm/@cotangent+backend-cpu@1.0.0/node_modules/@cotangent/backend-cpu/dist/index.js',
  ],
  'a bundle of dependencies': ['http://localhost:5173/assets/vendor-Cd34.js'],
  'a development server': [
    'http://localhost:5173/@fs/repo/packages/core/src/userLine.ts?t=1',
    'http://localhost:5173/@fs/repo/packages/core/src/tensor.ts',
  ],
}

describe('the line of a stack', () => {
  for (const [how, files] of Object.entries(installed))
    it.prop([fc.array(fc.tuple(fc.constantFrom('bind', 'Tensor.matmul', 'new Foo', ''), fc.constantFrom(...files)), { maxLength: 8 })])(
      `is the first outside the library, installed as ${how}`,
      frames => {
        const library = [['userLine', files[0]] as const, ...frames].map(([name, file]) =>
          name === '' ? `${file}:3:4` : `${name} (${file}:3:4)`,
        )
        expect(shown(stack(...library, 'Array.map (<anonymous>)', user, 'main (file:///home/me/app/main.ts:1:1)'))).toBe(line)
      },
    )
  it('skips dependencies of the user, unless there is nothing else', () => {
    const dependency = 'run (file:///home/me/app/node_modules/lib/index.js:1:2)'
    const own = 'trail (/repo/packages/core/src/userLine.ts:1:1)'
    expect(shown(stack(own, dependency, user))).toBe(line)
    expect(shown(stack(own, dependency, 'node:internal/main:1:1'))).toBe('run (/home/me/app/node_modules/lib/index.js:1:2)')
  })
  it('is not told where library and program are one file', () => {
    expect(shown(stack('a (/app/dist/all.js:1:1)', 'b (/app/dist/all.js:2:2)'))).toBeUndefined()
    expect(userLineOf({})).toBeUndefined()
  })
  it('has names without how they were called', () => {
    const own = 'trail (/repo/packages/core/src/userLine.ts:1:1)',
      place = 'file:///a%20b/t.ts:1:2'
    const named = (name: string): string | undefined => shown(stack(own, `${name} (${place})`))
    expect(['async loss', 'new Model', 'Object.<anonymous>', 'Model.step [as call]'].map(named)).toEqual([
      'loss (/a b/t.ts:1:2)',
      'Model (/a b/t.ts:1:2)',
      '/a b/t.ts:1:2',
      'Model.step (/a b/t.ts:1:2)',
    ])
    expect(shown(stack(own, 'file:///C:/me/t.ts:1:2'))).toBe('C:/me/t.ts:1:2')
  })
  it('is read from stacks of Firefox and Safari', () => {
    const own = 'trail@http://localhost/assets/vendor.js:1:1',
      place = 'http://localhost/assets/train.js:2:30'
    expect(shown({ stack: [own, `loss@${place}`, ''].join('\n') })).toBe(`loss (${place})`)
    expect(shown({ stack: [own, `global code@${place}`].join('\n') })).toBe(place)
  })
})

describe('an error', () => {
  const thrownBy = (run: () => unknown): CotangentError => {
    try {
      run()
    } catch (e) {
      if (e instanceof CotangentError) return e
      throw e
    }
    throw new Error('nothing was thrown')
  }
  const wrong = (x: Tensor): Tensor => matmul(x, zeros([3, 4])).sum()
  const square = zeros([2, 2])
  const ways: Readonly<Record<string, () => unknown>> = {
    eager: () => wrong(square),
    jit: () => jit(wrong)(square),
    'vmap of grad': () => vmap(grad(wrong))(zeros([5, 2, 2])),
    'jit of grad of jit': () => jit(grad(jit(wrong)))(square),
    'a scan in jit': () => jit((x: Tensor) => scan((c: Tensor, row: Tensor) => [c, wrong(row)], zeros([]), x)[1])(zeros([3, 2, 2])),
  }
  for (const [name, run] of Object.entries(ways))
    it(`names the line of the user: ${name}`, () => {
      const { message, summary, line: where } = thrownBy(run)
      expect(where).toMatchObject({ function: expect.stringMatching(/^wrong$/), file: import.meta.filename })
      expect(message).toBe(`${summary}\n  at ${showLine(where as NonNullable<typeof where>)}`)
      expect(summary).toMatch(/^matmul: shapes \[2, 2\] and \[3, 4\].*size/)
    })
  it('leaves the limit of stacks as it was', () => {
    const engine = Error as { stackTraceLimit?: number }
    const before = engine.stackTraceLimit
    engine.stackTraceLimit = 1
    expect(thrownBy(ways['vmap of grad'] as () => unknown).line?.function).toBe('wrong')
    expect(engine.stackTraceLimit).toBe(1)
    engine.stackTraceLimit = before as number
  })
})
