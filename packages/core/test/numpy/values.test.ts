/** Values and gradients against NumPy, SciPy and PyTorch (tools/fixtures-values.py): values in float32, gradients in float64. */
import { describe, expect, test } from 'vitest'
import { aval } from '../../src/aval.ts'
import type { DType } from '../../src/dtype.ts'
import * as core from '../../src/index.ts'
import type { Tensor } from '../../src/tensor.ts'
import { type Accuracy, difference } from '../../src/testing/compare.ts'
import { hostOf } from '../../src/testing/case.ts'
import { spread } from '../../src/testing/table/linalgDecompositions.ts'
import known from '../fixtures/values.json' with { type: 'json' }
import { useReference } from '../support/laws.ts'

useReference()
const { array, sort } = core

interface Input {
  readonly shape: readonly number[]
  readonly low: number
  readonly high: number
  readonly dtype: string
}
interface Known {
  readonly name: string
  readonly inputs: readonly Input[]
  readonly seed: number
  /** Arguments that follow the tensors, and such that come before. */
  readonly args?: readonly unknown[]
  readonly before?: readonly unknown[]
  /** All arguments, where tensors are numbered. */
  readonly order?: readonly unknown[]
  /** The tensors are one argument. */
  readonly list?: boolean
  /** Vectors of bins are sorted; a matrix is made well conditioned, and symmetric; only the first result counts. */
  readonly sorted?: boolean
  readonly spread?: boolean
  readonly symmetric?: boolean
  readonly first?: boolean
  readonly shapes: readonly (readonly number[])[]
  readonly values: readonly (number | string)[]
  /** Integers, which have to be equal. */
  readonly whole: boolean
  readonly by?: string
  readonly gradients?: readonly (readonly (number | string)[])[]
}
const entries = known.entries as readonly Known[]

/** Bounds in units of the last place, where 2 of each value are too few. */
const near1: Accuracy = { ulp: 32, of: 1, reason: 'terms around 1 cancel' },
  exponentials: Accuracy = { ulp: 64, of: 'element', reason: 'exponentials of sums of logarithms' },
  between: Accuracy = { ulp: 8, of: 'largest', reason: 'a rounded position between two elements' },
  sums: Accuracy = { ulp: 4, of: 'largest', reason: 'terms cancel' }
const wider: Readonly<Record<string, Accuracy>> = {
  'special.gammaln': near1,
  'special.digamma': near1,
  'special.betaln': near1,
  'special.klDiv': near1,
  'special.gammainc': exponentials,
  'special.gammaincc': exponentials,
  quantile: between,
  percentile: between,
  nanpercentile: between,
  'linalg.inv': sums,
  'linalg.pinv': sums,
  'fft.fft': sums,
  'fft.rfft': sums,
  'fft.ifft': sums,
}

/** As `drawn` of the script has it. */
function drawn({ shape, low, high, dtype }: Input, seed: number): Float64Array {
  const size = shape.reduce((a, b) => a * b, 1)
  return Float64Array.from({ length: size }, (_, i) => {
    const h = (seed * 7919 + i * 10473 + 12345) % 65521
    const u = ((h * h + 31 * h) % 65521) / 65521
    return dtype === 'float32' ? Math.floor((low + (high - low) * u) * 256) / 256 : Math.floor(low + u * (high - low + 1))
  })
}
const inputsOf = ({ inputs, seed }: Known, float: DType): readonly Tensor[] =>
  inputs.map((input, k) =>
    array(drawn(input, seed + 100 * k), {
      dtype: input.dtype === 'float32' ? float : (input.dtype as DType),
      shape: input.shape as number[],
    }),
  )

/** Tensors in arguments that are data. */
const revived = (x: unknown): unknown =>
  typeof x !== 'object' || x === null || Array.isArray(x)
    ? x
    : 'tensor' in x
      ? array(x.tensor as number[])
      : Object.fromEntries(Object.entries(x).map(([k, v]) => [k, revived(v)]))

/** The tensors that a result consists of. */
const flat = (y: unknown): readonly Tensor[] =>
  core.isTensor(y) ? [y] : Array.isArray(y) ? y.flatMap(flat) : Object.values(y as object).flatMap(flat)

function call(e: Known, xs: readonly Tensor[]): readonly Tensor[] {
  const [module, name] = e.name.includes('.') ? (e.name.split('.') as [string, string]) : ['numpy', e.name]
  const f = (core as unknown as Record<string, Record<string, (...args: unknown[]) => unknown>>)[module]?.[name] as (
    ...args: unknown[]
  ) => unknown
  let given = xs
  if (e.spread === true) given = [spread(xs[0] as Tensor), ...xs.slice(1)]
  if (e.symmetric === true) given = given.map(x => x.add(x.transpose()).div(2))
  if (e.sorted === true) given = given.map(x => (x.size < 6 ? sort(x) : x))
  const tensors = e.list === true ? [given] : given
  const args =
    e.order === undefined
      ? [...(e.before ?? []), ...tensors, ...(e.args ?? []).map(revived)]
      : e.order.map(a => (typeof a === 'number' ? given[a] : revived(a)))
  const out = flat(f(...args))
  return e.first === true ? out.slice(0, 1) : out
}

const number = (v: number | string): number => (typeof v === 'number' ? v : v === 'inf' ? Infinity : v === '-inf' ? -Infinity : NaN)

/** The results as one list. */
const join = (ys: readonly Tensor[]): readonly number[] => ys.flatMap(y => Array.from(y.dataSync(), Number))

const asHost = (values: readonly number[]): Parameters<typeof difference>[0] => [
  { aval: aval([values.length], 'float32'), data: Float64Array.from(values) },
]

/** The gradient of the sum of all results, each element times its number / 8. */
function gradientsOf(e: Known): readonly (readonly number[])[] {
  const xs = inputsOf(e, 'float64')
  const isFloat = e.inputs.map(i => i.dtype === 'float32')
  const loss = (floats: readonly Tensor[]): Tensor => {
    let next = 0,
      n = 0
    const ys = call(
      e,
      xs.map((x, k) => (isFloat[k] ? (floats[next++] as Tensor) : x)),
    )
    return ys.reduce(
      (sum, y) => {
        const weights = core.arange(n + 1, n + 1 + y.size, { dtype: 'float64' }).div(8)
        n += y.size
        return sum.add(y.reshape([y.size]).mul(weights).sum())
      },
      core.scalar(0, { dtype: 'float64' }),
    )
  }
  return core
    .grad(loss)(xs.filter((_, k) => isFloat[k]))
    .map(g => Array.from(g.dataSync()))
}

/** PyTorch's gradients are as exact as 10 digits; of differences about 7 are right. */
const slack = { PyTorch: 1e-8, differences: 1e-6 } as Readonly<Record<string, number>>

describe(known.origin, () => {
  test('there are at least 200 names', () => expect(new Set(entries.map(e => e.name)).size).toBeGreaterThanOrEqual(200))
  test.each(entries.map(e => [e.name, e] as const))('%s', (name, e) => {
    const ys = call(e, inputsOf(e, 'float32'))
    expect(ys.map(y => y.shape)).toEqual(e.shapes)
    const got = join(ys),
      wanted = e.values.map(number)
    if (e.whole) expect(got).toEqual(wanted)
    else {
      const accuracy = wider[name] ?? { ulp: 2, of: 'element', reason: '' }
      expect(difference(asHost(got), asHost(wanted), accuracy, inputsOf(e, 'float32').map(hostOf))).toBe(null)
    }
    if (e.gradients === undefined) return
    gradientsOf(e).forEach((g, k) => {
      const exact = (e.gradients?.[k] ?? []).map(number),
        scale = exact.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
      exact.forEach((v, i) =>
        expect(Math.abs((g[i] as number) - v), `by argument ${k}: element ${i} is ${g[i]} for ${v}`).toBeLessThan(
          slack[e.by ?? '']! * scale,
        ),
      )
    })
  })
})
