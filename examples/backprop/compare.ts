/** Gradients by hand and by `grad` side by side. */
import { type Tensor, abs, array, grad, max, random, subtract, tree } from '@cotangent/core'
import { type Network, type Output, backpropagate, loss } from './network.ts'

export interface Row {
  readonly parameter: string
  readonly byHand: number
  readonly byGrad: number
  /** Largest absolute difference over all entries. */
  readonly difference: number
}

const sizes = { input: 4, hidden: 5, output: 3, examples: 8 }

/** Not every backend has float64. */
export type Precision = 'float32' | 'float64'

/** A small random network and examples. */
export function randomProblem(
  seed: number,
  dtype: Precision = 'float64',
): { readonly net: Network; readonly x: Tensor; readonly y: Tensor } {
  const [k1, k2, k3, k4] = random.split(random.key(seed), 4)
  const draw = (key: typeof k1, shape: readonly number[]): Tensor => random.normal(key, shape).astype(dtype)
  const { input, hidden, output, examples } = sizes
  const y = Array.from({ length: examples }, (_, i) => Array.from({ length: output }, (_, j) => (i % output === j ? 1 : 0)))
  return {
    net: {
      w1: draw(k1, [input, hidden]),
      b1: draw(k2, [hidden]),
      w2: draw(k3, [hidden, output]),
      b2: array(new Array<number>(output).fill(0), { dtype }),
    },
    x: draw(k4, [examples, input]),
    y: array(y, { dtype }),
  }
}

export function compare(output: Output, seed: number, dtype: Precision = 'float64'): readonly Row[] {
  const { net, x, y } = randomProblem(seed, dtype)
  const byHand = backpropagate(net, x, y, output)
  const byGrad = grad(loss)(net, x, y, output)
  const names = tree.paths(net)
  return tree.leaves(byHand).map((h, i) => {
    const g = tree.leaves(byGrad)[i] as Tensor
    return {
      parameter: names[i] as string,
      byHand: h.dataSync()[0] as number,
      byGrad: g.dataSync()[0] as number,
      difference: max(abs(subtract(h, g))).item(),
    }
  })
}
