/** Functions of numpy whose options decide what they give; compiled, never run. */
import { type Tensor, gradient, intersect1d, unique } from '../../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, flag: boolean

same<Tensor>()(unique(x))
same<Tensor>()(unique(x, { size: 3, fillValue: 0, axis: 0 }))
same<readonly Tensor[]>()(unique(x, { returnCounts: true, returnIndex: flag }))
same<Tensor>()(intersect1d(x, x, { size: 3 }))
same<readonly [Tensor, Tensor, Tensor]>()(intersect1d(x, x, { returnIndices: true }))
same<readonly Tensor[]>()(gradient(x))
same<readonly Tensor[]>()(gradient(x, { axis: [0], spacing: [x] }))
same<Tensor>()(gradient(x, { axis: 0, spacing: 0.5 }))

export const mistakes: readonly unknown[] = [
  // @ts-expect-error a tensor or a list: which, must be known
  unique(x, { returnCounts: flag }),
]
