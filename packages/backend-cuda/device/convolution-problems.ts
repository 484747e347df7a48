/** The convolutions that the suite times: those of the comparison's CNN, and those of a larger layer. */
import type { Contraction, TypedArray } from '@cotangent/core/kernel'
import {
  type Case,
  type ConvOptions,
  convForward,
  convInput,
  convWeight,
  randomData,
  sizeOf,
} from '../../core/test/support/contractions.ts'
import { expected } from '../../core/test/support/expectedSums.ts'

/** One convolution, with its channels last or second. */
export interface Layout {
  readonly case: Case
  readonly data: readonly TypedArray[]
  /** Some results, by their place, and the size of the terms that they are sums of. */
  readonly wanted: ReadonlyMap<number, { readonly value: number; readonly scale: number }>
}

export interface Problem {
  readonly name: string
  readonly direction: 'forward' | 'filter'
  /** Multiply-adds. */
  readonly work: number
  readonly last: Layout
  readonly first: Layout
}

const directions = [
  ['forward', convForward, 'forward'],
  ['input gradient', convInput, 'forward'],
  ['filter gradient', convWeight, 'filter'],
] as const

/** Terms of the results that are looked at. */
const looked = 1 << 19

/** The case with fewer results: those at the beginning of its longest axes. */
function part({ buffers, contraction }: Case): Case {
  const extents = [...contraction.extents]
  while (sizeOf(extents) > looked) {
    const results = extents.slice(0, contraction.parallel),
      longest = results.indexOf(Math.max(...results))
    if (results[longest] === 1) break
    extents[longest] = Math.ceil((results[longest] as number) / 2)
  }
  const fewer: Contraction = { ...contraction, extents }
  return { buffers, contraction: fewer }
}

function layoutOf(make: (options: ConvOptions) => Case, options: ConvOptions): Layout {
  const one = make(options),
    data = randomData(one.buffers)
  return { case: one, data, wanted: expected(part(one), data).elements[0] ?? new Map() }
}

/** `short`: sizes that an emulated device computes in a moment. The first layer needs no gradient by its input. */
export function problems(short: boolean): readonly Problem[] {
  const square = { kh: 3, kw: 3, pad: [1, 1] } as const
  const layers: readonly (readonly [string, ConvOptions])[] = short
    ? [['small', { n: 1, h: 4, w: 4, c: 4, o: 4, ...square }]]
    : [
        ['cnn 2', { n: 64, h: 14, w: 14, c: 32, o: 64, ...square }],
        ['cnn 1', { n: 64, h: 28, w: 28, c: 1, o: 32, ...square }],
        ['large', { n: 32, h: 28, w: 28, c: 128, o: 128, ...square }],
      ]
  return layers.flatMap(([layer, options]) =>
    directions.flatMap(([name, make, direction]): readonly Problem[] => {
      if (options.c === 1 && make === convInput) return []
      const last = layoutOf(make, options)
      return [
        {
          name: `${layer} ${name}`,
          direction,
          work: sizeOf(last.case.contraction.extents),
          last,
          first: layoutOf(make, { ...options, nchw: true }),
        },
      ]
    }),
  )
}
