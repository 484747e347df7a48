/** Kernels in all their forms as programs, without a device: what a compiler is to see. */
import {
  collapse,
  type Contraction,
  type ComputeDType,
  dropUnitAxes,
  type Kernel,
  type KernelGraph,
  type Node,
  type Scatter,
  rolesOf,
} from '@cotangent/core/kernel'
import { type Case, convWeight, matmul } from '../../../core/test/support/contractions.ts'
import { graphOf, type Spec } from '../../../core/test/support/smallGraphs.ts'
import type { EmitKernel, Precision, Target } from '../../src/command.ts'
import { emitTiled } from '../../src/kernels/contraction-tile.ts'
import { candidatesFor } from '../../src/kernels/contraction-tiling.ts'
import { emitKernel } from '../../src/kernels/emit.ts'
import { emitGraph } from '../../src/runtime/emitted.ts'
import { writeProgram } from '../../src/runtime/program.ts'

export interface Form {
  readonly name: string
  readonly text: string
}

const targetOf = (precision: Precision): Target => ({ multiprocessors: 132, capability: 90, precision, products: false })

function textOf(graph: KernelGraph, precision: Precision = 'float32', emit: EmitKernel = emitKernel): string {
  const { commands, specs } = emitGraph(graph, targetOf(precision), emit)
  return writeProgram([...commands.values()].flat(), specs).text
}

/** The case with operands and sums of another dtype. */
export function inDtype({ buffers, contraction }: Case, dtype: ComputeDType): Case {
  const { a, b, epilogue } = contraction
  return {
    buffers: buffers.map(spec => ({ ...spec, dtype })),
    contraction: {
      ...contraction,
      dtype,
      a: { ...a, dtype },
      b: { ...b, dtype },
      epilogue: epilogue.map((n): Node => ({ ...n, dtype }) as Node),
    },
  }
}

const image = { n: 64, h: 32, w: 32, c: 64, o: 64, kh: 3, kw: 3, pad: [1, 1] } as const
/** What takes most registers: odd sizes, and a convolution whose guards change along the sum. */
const heavy: readonly (readonly [string, Case])[] = [
  ['odd product', matmul(4095, 4097, 4099, { transposeA: true })],
  ['gradient by weight', convWeight({ ...image, nchw: true })],
]

export function contractionForms(): readonly Form[] {
  const kinds = [
    ['float32', 'float32'],
    ['float64', 'float32'],
    ['float32', 'tf32'],
    ['float32', 'bf16'],
  ] as const
  return kinds.flatMap(([dtype, precision]) =>
    candidatesFor(dtype, targetOf(precision)).flatMap(({ core }) =>
      heavy.map(([name, c]) => {
        const { buffers, contraction } = inDtype(c, dtype),
          specs = buffers.map((b): Spec => [b.dtype, b.size])
        const graph = graphOf([contraction], specs.slice(0, 2), specs.slice(2))
        const emit: EmitKernel = (context, kernel) =>
          emitTiled(context, rolesOf(collapse(dropUnitAxes(kernel as Contraction)) as Contraction, 'batch'), core, 1)
        return { name: `${name} of ${dtype} (${precision}) by ${core.rows}x${core.columns}`, text: textOf(graph, precision, emit) }
      }),
    ),
  )
}

function scatterForm(combine: Scatter['combine'], dtype: ComputeDType, updates: number): KernelGraph {
  const width = 64
  const body: readonly Node[] = [
    { op: 'load', buffer: 0, dtype: 'int32', map: { offset: 0, strides: [1, 0] } },
    { op: 'load', buffer: 1, dtype, map: { offset: 0, strides: [width, 1] } },
  ]
  const kernel: Scatter = {
    kind: 'scatter',
    extents: [updates, width],
    body,
    buffer: 2,
    combine,
    map: { offset: 0, strides: [0, 1] },
    indirect: [{ index: 0, stride: width }],
    value: 1,
  }
  return graphOf(
    [kernel],
    [
      ['int32', updates],
      [dtype, updates * width],
    ],
    [[dtype, 1000 * width]],
  )
}

export function orderForms(): readonly Form[] {
  const sorted = (['float32', 'float64', 'int32'] as const).flatMap(dtype =>
    [100, 100_000].map((length): Form => {
      const specs: readonly Spec[] = [
        [dtype, 2 * length],
        ['int32', 2 * length],
      ]
      const kernel: Kernel = { kind: 'sort', rows: 2, length, inputs: [0, 1], outputs: [2, 3] }
      return { name: `sort of ${dtype}, rows of ${length}`, text: textOf(graphOf([kernel], specs, specs)) }
    }),
  )
  const scattered = (['set', 'add', 'max'] as const).flatMap(combine =>
    (['float32', 'int32'] as const).flatMap(dtype =>
      [1, 20, 20_000].map(
        (updates): Form => ({ name: `scatter ${combine} of ${dtype}, ${updates}`, text: textOf(scatterForm(combine, dtype, updates)) }),
      ),
    ),
  )
  return [...sorted, ...scattered]
}
