/**
 * Convolutions and the gradients of their taps in Winograd's form, as parts of the direct sums' times on one thread, beside the estimates by which
 * the lowering chooses: `node scripts/launch.mjs packages/backend-cpu/bench/winograd.ts [part of a case's name] [milliseconds a graph]`.
 */
import { lax, type Tensor, vjp } from '@cotangent/core'
import type { Contraction, KernelGraph } from '@cotangent/core/kernel'
import { aval } from '../../core/src/aval.ts'
import { asTiles } from '../../core/src/lower/winograd.ts'
import { findConvolution } from '../../core/src/lower/winograd/convolution.ts'
import { planTiles } from '../../core/src/lower/winograd/plan.ts'
import { trace } from '../../core/src/program/trace.ts'
import { graphOf } from '../../core/test/support/rewritten.ts'
import { contraction } from '../src/tuning.ts'
import { timePhases } from './phases.ts'

type Case = readonly [n: number, size: number, channels: number, results: number, taps: number, stride: number]
const cases: readonly Case[] = [
  [8, 28, 8, 16, 3, 1],
  [8, 28, 24, 24, 3, 1],
  [1, 7, 64, 64, 3, 1],
  [4, 7, 128, 128, 3, 1],
  [2, 15, 32, 32, 3, 1],
  [8, 56, 64, 64, 3, 1],
  [1, 28, 128, 128, 3, 1],
  [1, 224, 3, 32, 3, 1],
  [4, 28, 32, 32, 5, 1],
  [4, 28, 32, 32, 2, 1],
  [1, 224, 3, 64, 7, 2],
  [1, 56, 32, 64, 5, 2],
  [1, 56, 64, 128, 3, 2],
]
const nameOf = ([n, size, channels, results, taps, stride]: Case): string =>
  `${n}x${size}x${size}x${channels} -> ${results}, ${taps}x${taps}${stride > 1 ? `, stride ${stride}` : ''}`

/** Kernels of the convolution, or of the gradient of its taps alone; each Contraction as `rewrite` has it. */
function kernelsOf([n, size, channels, results, taps, stride]: Case, gradient: boolean, rewrite?: typeof asTiles): KernelGraph {
  const convolve = (x: Tensor, k: Tensor): Tensor =>
    lax.convGeneralDilated(x, k, [stride, stride], 'SAME', { dimensionNumbers: ['NHWC', 'HWIO', 'NHWC'] })
  const f = (x: Tensor, k: Tensor, y: Tensor): readonly Tensor[] => [
    gradient ? vjp((t: Tensor) => convolve(x, t), k)[1](y)[0] : convolve(x, k),
  ]
  const out = Math.ceil(size / stride)
  const shapes = [
    [n, size, size, channels],
    [taps, taps, channels, results],
    [n, out, out, results],
  ]
  const { program } = trace(
    f,
    shapes.map(shape => aval(shape, 'float32')),
    'bench',
  )
  return graphOf(program, rewrite && ((k, allocate) => rewrite(k, contraction.winograd, allocate)))
}

/** Milliseconds of one run: the sum of its phases' fastest. */
function time(graph: KernelGraph, milliseconds: number): number {
  const once = (runs: number): number => timePhases(graph, runs).reduce((sum, p) => sum + p.milliseconds, 0)
  return once(Math.max(5, Math.round(milliseconds / once(5))))
}

const estimateOf = (k: Contraction): number | undefined => {
  const c = findConvolution(k)
  return c === null ? undefined : planTiles(k, c)?.cost
}

const part = process.argv[2] ?? '',
  milliseconds = Number(process.argv[3] ?? 90)
console.log('| case | forward | estimate | by taps | estimate |\n|---|--:|--:|--:|--:|')
for (const c of cases.filter(one => nameOf(one).includes(part))) {
  const cells = [false, true].flatMap(gradient => {
    const direct = kernelsOf(c, gradient)
    const estimate = direct.kernels.map(k => (k.kind === 'contraction' ? estimateOf(k) : undefined)).find(e => e !== undefined)
    const ratio = time(kernelsOf(c, gradient, asTiles), milliseconds) / time(direct, milliseconds)
    return [ratio.toFixed(2), estimate?.toFixed(2) ?? '']
  })
  console.log(`| ${[nameOf(c), ...cells].join(' | ')} |`)
}
