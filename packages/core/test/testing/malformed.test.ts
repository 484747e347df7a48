/** Malformed calls, drawn from the op table's refusals and by mutation of its good calls: each is a typed error that leaves nothing behind. */
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { currentBackend } from '../../src/backend/current.ts'
import type { CotangentError } from '../../src/errors.ts'
import { zeros } from '../../src/numpy/creation.ts'
import { inputsOf, tensorOf } from '../../src/testing/case.ts'
import { opTable } from '../../src/testing/opTable.ts'
import { variable } from '../../src/testing/sampling.ts'
import { useReference } from '../support/laws.ts'
import { type Call, type Malformed, judge, mutations } from '../support/malformed.ts'

useReference()

/** Calls of public functions, by whoever calls them first. */
const record = vi.hoisted(() => ({ calls: [] as Call[], depth: 0 }))
const recorded = vi.hoisted(() => async (prefix: string, original: () => Promise<Record<string, unknown>>) => {
  const wrap = ([name, f]: [string, unknown]): [string, unknown] => {
    if (typeof f !== 'function' || /^[A-Z]/.test(name)) return [name, f]
    const spy = (...args: readonly unknown[]): unknown => {
      if (record.depth === 0) record.calls.push({ name: prefix + name, f: f as Call['f'], args })
      record.depth++
      try {
        return (f as Call['f'])(...args)
      } finally {
        record.depth--
      }
    }
    return [name, spy]
  }
  return Object.fromEntries(Object.entries(await original()).map(wrap))
})
vi.mock('../../src/numpy/index.ts', original => recorded('', original as never))
vi.mock('../../src/lax/index.ts', original => recorded('lax.', original as never))
vi.mock('../../src/linalg/index.ts', original => recorded('linalg.', original as never))
vi.mock('../../src/fft/index.ts', original => recorded('fft.', original as never))
vi.mock('../../src/image/index.ts', original => recorded('image.', original as never))
vi.mock('../../src/signal/index.ts', original => recorded('signal.', original as never))
vi.mock('../../src/special/index.ts', original => recorded('special.', original as never))
vi.mock('../../src/random/index.ts', original => recorded('random.', original as never))
// Vitest maps each frame of a stack that is read, a third of the time here. That errors name lines is tested in userLine.test.ts.
vi.mock('../../src/userLine.ts', async original => ({ ...(await original<object>()), userLine: () => undefined }))

/** The calls that a drawn case of an entry makes of the function itself. */
function goodCalls(name: string): readonly Call[] {
  const [c] = fc.sample((opTable[name] as (typeof opTable)[string]).cases, { numRuns: 1, seed: 7 })
  if (c === undefined) return []
  record.calls = []
  c.call(...inputsOf(c).map(tensorOf))
  return record.calls.filter(call => call.name === name)
}

const SHARE = 4

/** A judgement of the call, and of what it left behind on the backend. */
function faultOf(call: Malformed): string | null {
  const before = currentBackend().memory().buffers
  const fault = judge(call)
  const left = currentBackend().memory().buffers - before
  return fault ?? (left === 0 || call.mayPass ? null : `${call.name}, ${call.change}: ${left} buffers are left`)
}

test('good calls with one change', () => {
  const disposed = zeros([2])
  disposed.dispose()
  // There are thousands: each run takes those of every fourth function, the seed says which.
  const names = Object.keys(opTable).filter((_, i) => (i + (variable('COTANGENT_SEED') ?? 0)) % SHARE === 0)
  const wrong = names.flatMap(name => goodCalls(name).flatMap(call => mutations(call, disposed)))
  expect(wrong.filter(call => !call.mayPass).length).toBeGreaterThan(1000)
  expect(wrong.flatMap(call => faultOf(call) ?? [])).toEqual([])
})

/** Two functions are known by two names; a wrong slice is refused by `slice`, before `at` sees it. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  'lax.convertElementType': ['astype'],
  'lax.bitcastConvertType': ['bitcast'],
  ...Object.fromEntries(['get', 'set', 'add', 'multiply', 'min', 'max'].map(name => [`at.${name}`, [`at.${name}`, 'slice']])),
}
const isNamed = (name: string, message: string): boolean =>
  (otherNames[name] ?? [name.split('.').at(-1) as string]).some(n => message.includes(n))

test("the op table's refusals name the function", () => {
  const refusals = Object.entries(opTable).flatMap(([name, { refused }]) => refused.map(r => ({ ...r, name })))
  expect(refusals.length).toBeGreaterThan(500)
  const silent = refusals.flatMap(({ name, because, call }) => {
    try {
      call()
    } catch (e) {
      return isNamed(name, (e as CotangentError).summary) ? [] : [`${name}, ${because}: ${String(e)}`]
    }
    return [`${name}, ${because}: no error`]
  })
  expect(silent).toEqual([])
})
