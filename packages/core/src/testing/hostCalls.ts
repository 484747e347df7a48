/** The law of host calls: a compiled program calls JavaScript where it says so, in order, with the values that the backend computed. */
import { array } from '../numpy/creation.ts'
import type { Tensor } from '../tensor.ts'
import { callback, pureCallback } from '../transforms/callback.ts'
import { cond } from '../transforms/control.ts'
import { grad } from '../transforms/grad.ts'
import { jit } from '../transforms/jit.ts'
import { scan } from '../transforms/loops.ts'
import { vmap } from '../transforms/vmap.ts'

/** Calls out of a loop, a branch, a batch and a gradient on the backend in use; throws if what was seen differs from what a plain loop sees. */
export function checkHostCalls(): void {
  const seen: number[] = []
  const log = (x: Tensor): void => void seen.push(x.item())
  const doubled = (x: Tensor): Tensor =>
    pureCallback(
      (y: Tensor) =>
        array(
          y.dataSync().map(v => 2 * v),
          { shape: y.shape },
        ),
      { shape: x.shape, dtype: 'float32' },
      [x],
      {
        vmapMethod: 'expandDims',
      },
    )
  const f = (x: Tensor): Tensor => {
    callback(log, x)
    const step = (sum: Tensor, e: Tensor): readonly [Tensor, Tensor] => {
      callback(log, sum)
      const next = cond(
        e.greater(0),
        () => sum.add(e),
        () => sum,
      )
      return [next, next]
    }
    const [last, all] = scan(step, x, array([1, -1, 2]))
    return last.mul(x).add(all.sum())
  }
  const value = jit((x: Tensor) => f(x).add(doubled(x)))(array(0.5)).item()
  expectNumbers('values', [value], [0.5 * 3.5 + 1.5 + 1.5 + 3.5 + 1])
  expectNumbers('calls', seen.splice(0), [0.5, 0.5, 1.5, 1.5])
  expectNumbers('a gradient', [jit(grad(f))(array(0.5)).item()], [4 + 3])
  expectNumbers('calls of a gradient', seen.splice(0), [0.5, 0.5, 1.5, 1.5])
  const batch = jit(vmap((x: Tensor) => (callback(log, x), doubled(x).add(x))))(array([1, 2]))
  expectNumbers('a batch', Array.from(batch.dataSync()), [3, 6])
  expectNumbers('calls of a batch', seen.splice(0), [1, 2])
}

function expectNumbers(what: string, found: readonly number[], expected: readonly number[]): void {
  if (found.length !== expected.length || found.some((x, i) => x !== expected[i]))
    throw new Error(`host calls: ${what}: expected ${expected.join()}, got ${found.join()}`)
}
