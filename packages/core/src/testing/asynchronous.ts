/** The law of asynchronous calls: whatever else happens while they are in flight, they give what the same synchronous calls give, in their order. */
import fc from 'fast-check'
import { array } from '../numpy/creation.ts'
import { matmul, sin } from '../numpy/index.ts'
import type { Tensor } from '../tensor.ts'
import { jit } from '../transforms/jit.ts'

const n = 12

const steps = {
  elementwise: (x: Tensor, y: Tensor): readonly Tensor[] => [sin(x).mul(y), x.sub(y)],
  product: (x: Tensor, y: Tensor): readonly Tensor[] => [matmul(x, y).div(n)],
  through: (x: Tensor, y: Tensor): readonly Tensor[] => [y, x.add(y.transpose()), x],
  shared: (x: Tensor, y: Tensor): readonly Tensor[] => [x.reshape([n * n]).reshape([n, n]), y.mul(0.5)],
}
type StepName = keyof typeof steps

interface Action {
  readonly kind: 'async' | 'sync' | 'dispose' | 'wait'
  readonly step: StepName
  readonly donate: boolean
  /** Which tensors, modulo those there are. */
  readonly x: number
  readonly y: number
}

const arbAction: fc.Arbitrary<Action> = fc.record({
  kind: fc.constantFrom('async', 'async', 'async', 'sync', 'sync', 'dispose', 'wait'),
  step: fc.constantFrom(...(Object.keys(steps) as StepName[])),
  donate: fc.boolean(),
  x: fc.nat(99),
  y: fc.nat(99),
})

/** A tensor and another with the same numbers that is never disposed. */
interface Twins {
  readonly tensor: Tensor
  readonly twin: Tensor
}

/**
 * Random sequences of asynchronous calls, synchronous ones, donations and disposals on the backend in use; rejects with the first sequence
 * whose results differ from synchronous ones by a bit, or come in another order.
 */
export async function checkAsynchronousCalls(options: { readonly runs?: number } = {}): Promise<void> {
  const plain = Object.fromEntries(Object.entries(steps).map(([name, f]) => [name, jit(f)])) as Record<
    StepName,
    ReturnType<typeof jit<typeof steps.product>>
  >
  const donating = Object.fromEntries(Object.entries(steps).map(([name, f]) => [name, jit(f, { donate: [0] })])) as typeof plain
  await fc.assert(
    fc.asyncProperty(fc.array(arbAction, { maxLength: 25 }), async actions => {
      let alive = Array.from({ length: 3 }, (_, seed) => twins(Float32Array.from({ length: n * n }, (_, i) => Math.sin(i * 1.7 + seed))))
      const flights: Promise<void>[] = [],
        ended: number[] = []
      for (const { kind, step, donate, x, y } of actions) {
        if (kind === 'wait') await flights[x % (flights.length + 1)]
        const a = alive[x % alive.length],
          b = alive[y % alive.length]
        if (a === undefined || b === undefined || kind === 'wait') continue
        if (kind === 'dispose') a.tensor.dispose()
        if (kind === 'dispose' || donate) alive = alive.filter(t => t !== a)
        if (kind === 'dispose') continue
        const f = (donate && a !== b ? donating : plain)[step],
          expected = plain[step](a.twin, b.twin)
        const keep = (results: readonly Tensor[]): void => {
          alive.push(...results.map((tensor, i) => ({ tensor, twin: expected[i] as Tensor })))
        }
        if (kind === 'sync') keep(f(a.tensor, b.tensor))
        else {
          const number = flights.length
          flights.push(f.async(a.tensor, b.tensor).then(results => (ended.push(number), keep(results))))
        }
      }
      await Promise.all(flights)
      if (ended.some((number, i) => number !== i)) throw new Error(`the calls ended in the order ${ended.join()}`)
      alive.forEach(({ tensor, twin }, i) => sameBits(tensor, twin, i))
    }),
    { numRuns: options.runs ?? 30 },
  )
}

function twins(data: Float32Array): Twins {
  const make = (): Tensor => array(data, { shape: [n, n] })
  return { tensor: make(), twin: make() }
}

function sameBits(tensor: Tensor, twin: Tensor, i: number): void {
  const a = new Uint32Array(tensor.dataSync().slice().buffer),
    b = new Uint32Array(twin.dataSync().slice().buffer)
  const at = a.findIndex((bits, k) => bits !== b[k])
  if (at >= 0 || a.length !== b.length) throw new Error(`tensor ${i} differs from its twin in element ${at}`)
}
