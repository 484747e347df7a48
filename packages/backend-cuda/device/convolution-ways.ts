/** The ways in which a convolution can be computed: as the backend chooses, by each algorithm of cuDNN, by a product of copied patches, by each tile. */
import { collapse, type Contraction, dropUnitAxes, type Roles, rolesOf } from '@cotangent/core/kernel'
import type { Command, EmitContext, EmitKernel, Target } from '../src/command.ts'
import type { Core } from '../src/kernels/contraction-core.ts'
import { productIn } from '../src/kernels/contraction-product.ts'
import { emitTiled } from '../src/kernels/contraction-tile.ts'
import { candidatesFor, partsOf } from '../src/kernels/contraction-tiling.ts'
import { convolutionOf } from '../src/kernels/convolution.ts'
import { emitKernel } from '../src/kernels/emit.ts'
import type { Problem } from './convolution-problems.ts'

export interface Way {
  readonly name: string
  readonly emit: EmitKernel
  readonly channelsFirst?: true
  /** Of cuDNN. */
  readonly algorithm?: number
  /** Computes only a part, so that its result is none. */
  readonly partial?: true
}

/** By number, and whether NVIDIA's documentation says that each run gives the same bits. */
const algorithms: Readonly<Record<Problem['direction'], readonly (readonly [name: string, repeats: boolean])[]>> = {
  forward: [
    ['IMPLICIT_GEMM', true],
    ['IMPLICIT_PRECOMP_GEMM', true],
    ['GEMM', true],
    ['DIRECT', true],
    ['FFT', true],
    ['FFT_TILING', true],
    ['WINOGRAD', true],
    ['WINOGRAD_NONFUSED', true],
  ],
  filter: [
    ['ALGO_0', false],
    ['ALGO_1', true],
    ['FFT', true],
    ['ALGO_3', false],
    ['WINOGRAD', true],
    ['WINOGRAD_NONFUSED', true],
    ['FFT_TILING', true],
  ],
}

type Attempt = (context: EmitContext, kernel: Contraction) => readonly Command[] | undefined

/** What an attempt gives; where that is nothing it is an error. */
const certain =
  (way: Attempt): EmitKernel =>
  (context, kernel) => {
    const commands = kernel.kind === 'contraction' ? way(context, kernel) : undefined
    if (commands === undefined) throw new Error('not supported')
    return commands
  }

export const byLibrary: EmitKernel = certain((context, kernel) => {
  const own = dropUnitAxes(kernel)
  return own.kind === 'contraction' ? convolutionOf(context, own) : undefined
})

const callAlone: EmitKernel = (context, kernel) => byLibrary(context, kernel).filter(c => c.kind === 'convolution')

function rolesOfKernel(kernel: Contraction): Roles {
  const own = collapse(dropUnitAxes(kernel))
  if (own.kind !== 'contraction') throw new Error('no contraction')
  return rolesOf(own, 'batch')
}

const byProduct: EmitKernel = certain((context, kernel) => productIn(context, rolesOfKernel(kernel), 'float32', true, 0))

const libraryWays = ({ direction }: Problem): readonly Way[] =>
  algorithms[direction].flatMap(([name, repeats], algorithm): readonly Way[] => {
    const text = `cuDNN ${name}${repeats ? '' : ' (order not fixed)'}`
    return [
      { name: text, emit: byLibrary, algorithm },
      { name: `${text}, the call alone`, emit: callAlone, algorithm, partial: true },
      { name: `${text}, channels first`, emit: byLibrary, algorithm, channelsFirst: true },
    ]
  })

/** `target`: of the device, with the precision. */
export function tileWays({ last }: Problem, target: Target): readonly Way[] {
  const roles = rolesOfKernel(last.case.contraction)
  return candidatesFor('float32', target)
    .filter(({ core }) => !isTooLarge(roles, core))
    .flatMap(({ core }) =>
      someOf(partsOf(roles, core, target)).map(
        (parts): Way => ({
          name: `tiles ${core.rows}x${core.columns} of ${core.threads}, ${parts} part${parts === 1 ? '' : 's'}`,
          emit: certain((context, kernel) => emitTiled(context, rolesOfKernel(kernel), core, parts)),
        }),
      ),
    )
}

/** Is most of the tile outside of the result, while smaller ones are not? */
const isTooLarge = ({ rows, columns }: Roles, core: Core): boolean =>
  Math.max(core.rows, core.columns) > 32 && (2 * rows.size <= core.rows || 2 * columns.size <= core.columns)

/** At most three numbers, evenly from all. */
const someOf = (all: readonly number[]): readonly number[] => {
  const sorted = all.toSorted((x, y) => x - y),
    last = sorted.length - 1
  return last < 3 ? sorted : [sorted[0] as number, sorted[(last + 1) >> 1] as number, sorted[last] as number]
}

export const today = 'the backend'

/** All but the tiles. */
export const waysOf = (problem: Problem): readonly Way[] => [
  { name: today, emit: emitKernel },
  ...libraryWays(problem),
  { name: 'patches and cuBLASLt', emit: byProduct },
]
