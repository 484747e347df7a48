/** Types of `@cotangent/core/fp`; compiled, never run. */
import type { Either } from 'fp-ts/lib/Either.js'
import type { State } from 'fp-ts/lib/State.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as fp from '../../src/fp.ts'
import { type BackendError, type ConfigError, type Loaded } from '../../src/fp.ts'
import { type CotangentError, type Key, type Tensor, type TensorLike, type numpy, random } from '../../src/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
declare function same<A>(): <B>(value: B, ...proof: Equal<A, B> extends true ? [] : [expected: A]) => void
declare const x: Tensor, key: Key

// Every function of numpy that takes a tensor, or a list of them, first.
type Accepts<X> = [TensorLike] extends [X]
  ? [X] extends [TensorLike]
    ? true
    : false
  : [readonly TensorLike[]] extends [X]
    ? [X] extends [readonly TensorLike[]]
      ? true
      : false
    : false
type DataKeys<N> = keyof {
  readonly [K in keyof N as N[K] extends (x: infer X, ...rest: never[]) => unknown ? (Accepts<X> extends true ? K : never) : never]: N[K]
}
type Missing = Exclude<DataKeys<typeof numpy>, keyof typeof fp>
export const complete: Equal<Missing, never> = true

same<Tensor>()(pipe(x, fp.sum({ axis: 0 }), fp.multiply(2), fp.exp()))
same<(x: TensorLike) => Tensor>()(fp.subtract(1))
same<(xs: readonly TensorLike[]) => Tensor>()(fp.concatenate({ axis: 1 }))
same<Either<CotangentError, Tensor>>()(fp.attempt(() => x))
const draw: State<Key, Tensor> = fp.draw(k => random.normal(k, [2]))
same<[Tensor, Key]>()(draw(key))
same<TE.TaskEither<ConfigError | BackendError, Loaded>>()(pipe(TE.fromEither(fp.parseConfig({})), TE.flatMap(fp.load)))

export const mistakes: readonly unknown[] = [
  // @ts-expect-error an option that the function does not have
  fp.sum({ axes: 0 }),
  // @ts-expect-error the data comes last
  fp.multiply(x, 2),
  // @ts-expect-error a string is no tensor
  pipe('x', fp.exp()),
]
