/** Choosing a backend: configuration, overrides, reasons. */
import { afterEach, describe, expect, it } from 'vitest'
import { setBackend } from '../../src/backend/current.ts'
import { type BackendLoader, init, load, parseConfig } from '../../src/backend/load.ts'
import { createFallback as inBrowsers } from '../../src/backend/fallback.browser.ts'
import { createReference, reference } from '../../src/backend/reference.ts'
import { CotangentError } from '../../src/errors.ts'

const working = (name: string): BackendLoader => ({ name, load: () => Promise.resolve(createReference()) })
const broken = (name: string, reason: string): BackendLoader => ({ name, load: () => Promise.reject(new Error(reason)) })

afterEach(() => {
  delete process.env['COTANGENT_BACKEND']
  setBackend(null)
})

const failure = async (p: Promise<unknown>): Promise<CotangentError> => {
  const e: unknown = await p.then(
    () => new Error('no error'),
    (x: unknown) => x,
  )
  expect(e).toBeInstanceOf(CotangentError)
  return e as CotangentError
}

describe('init', () => {
  it('takes the first backend that works and says why the others did not', async () => {
    const loaded = await init({ backend: [broken('a', 'no device'), working('b'), working('c')] })
    expect(loaded.name).toBe('b')
    expect(loaded.skipped).toEqual([{ name: 'a', reason: 'no device' }])
  })
  it('gives one error with every reason when none works', async () => {
    const e = await failure(init({ backend: [broken('a', 'no device'), broken('b', 'too old')] }))
    expect(e.kind).toBe('BackendError')
    expect(e.message).toContain('a: no device')
    expect(e.message).toContain('b: too old')
  })
  it('gives the reason of a package that is there and does not work here', async () => {
    const e = await failure(init({ backend: 'webgl' }))
    expect(e.kind).toBe('BackendError')
    expect(e.message).toContain('OffscreenCanvas')
  })
  it('loads a backend by name', async () => {
    expect((await init({ backend: 'reference' })).backend.name).toBe('reference')
  })
  it('takes the reference backend as a value, which bundles for browsers need: they have none by default', async () => {
    expect((await init({ backend: [reference] })).name).toBe('reference')
    expect(inBrowsers).toThrow('Call `await init')
  })
  it('names the variable when the unknown name comes from there', async () => {
    process.env['COTANGENT_BACKEND'] = 'nonsense'
    expect((await failure(init({ backend: 'cpu' }))).message).toContain('COTANGENT_BACKEND')
    process.env['COTANGENT_BACKEND'] = 'reference,'
    expect((await init()).name).toBe('reference')
  })
  it('refuses more threads than any machine has', async () => {
    const e = await failure(init({ backend: working('a'), threads: 1000 }))
    expect(e.kind).toBe('ConfigError')
    expect(e.message).toContain('at most 256')
  })
  it('is overridden by COTANGENT_BACKEND', async () => {
    process.env['COTANGENT_BACKEND'] = 'reference'
    expect((await init({ backend: working('mine') })).name).toBe('reference')
    process.env['COTANGENT_BACKEND'] = 'nonsense'
    expect((await failure(init())).message).toContain('"nonsense"')
  })
})

describe('parseConfig', () => {
  it('accepts what InitConfig says', () => {
    for (const ok of [{}, { backend: 'cpu' }, { backend: ['cuda', 'cpu'], threads: 2 }, { backend: working('mine') }])
      expect(parseConfig(ok)._tag).toBe('Right')
  })
  it('lists all problems with their paths', () => {
    const result = parseConfig({ backend: ['cpu', 'gpu', 3], threads: 0, speed: 'high' })
    expect(result._tag).toBe('Left')
    if (result._tag === 'Left')
      expect(result.left.problems.map(p => p.path).sort()).toEqual(['backend[1]', 'backend[2]', 'speed', 'threads'])
  })
  it('refuses what is no object, and an empty list', () => {
    for (const bad of [null, 'cpu', ['cpu'], { backend: [] }]) expect(parseConfig(bad)._tag).toBe('Left')
  })
  it('turns an invalid config into a ConfigError of init', async () => {
    const e = await failure(init({ backend: 'gpu' as never }))
    expect(e.kind).toBe('ConfigError')
    expect(e.message).toContain('"gpu"')
    expect(e.message).toContain('cpu')
  })
})

it('load is a TaskEither: nothing happens until it runs, and errors are values', async () => {
  let loads = 0
  const task = load({
    backend: {
      name: 'counted',
      load: () => {
        loads++
        return Promise.reject(new Error('no'))
      },
    },
  })
  expect(loads).toBe(0)
  expect(await task()).toEqual({ _tag: 'Left', left: { _tag: 'BackendError', tried: [{ name: 'counted', reason: 'no' }] } })
  expect(loads).toBe(1)
})
