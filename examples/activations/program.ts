/** The program: activation functions, their slopes, and what becomes of gradients in deep networks. The same source in Node and in a page. */
import { type Tensor, grad, linspace, random, vmap } from '@cotangent/core'
import { type Initializer, gelu, initializers, leakyRelu, relu, sigmoid, silu, softplus, tanh } from '@cotangent/nn'
import { type Series, seriesOf } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import type { CommonOptions } from '../lib/host/options.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { type Activation, type Flow, flowOf } from './flow.ts'

/** The article's. */
const activations: Readonly<Record<string, Activation>> = {
  sigmoid: { apply: sigmoid, slope: y => y.mul(y.neg().add(1)), steepest: 0.25 },
  tanh: { apply: tanh, slope: y => y.mul(y).neg().add(1), steepest: 1 },
  relu: { apply: relu, slope: y => y.greater(0).astype('float32'), steepest: 1 },
}
/** Drawn beside them. */
const relatives: Readonly<Record<string, (x: Tensor) => Tensor>> = { leakyRelu, softplus, silu, gelu }

const initializations: Readonly<Record<string, Initializer>> = {
  zeros: initializers.zeros,
  'normal 0.01': initializers.normal(0.01),
  'normal 1': initializers.normal(1),
  lecun: initializers.lecunNormal(),
  glorot: initializers.glorotUniform(),
  he: initializers.heNormal(),
}

export async function main(options: CommonOptions, host: Host): Promise<void> {
  await onBackend(options, host, async backend => {
    const size = options.fast ? { depth: 4, width: 16, count: 8, networks: 2 } : { depth: 30, width: 128, count: 128, networks: 4 }
    host.print(`activations on the ${backend} backend`)
    await drawFunctions(host, options.out)
    host.print(
      `networks of ${size.depth} layers, ${size.width} units each: the gradient at the first layer as a share of that at the last,`,
    )
    host.print('saturated outputs and dead units in the last layer')
    host.print('             initialisation   gradient  saturated  dead')
    const flows = Object.entries(activations).map(([name, activation]) => {
      const flowFor = flowOf(activation, size)
      const byInitialization = Object.entries(initializations).map(([i, initialize]) => {
        const flow = flowFor(initialize, random.key(options.seed))
        host.print(rowOf(name, i, flow))
        return [i, flow] as const
      })
      return [name, Object.fromEntries(byInitialization)] as const
    })
    await drawFlows(host, options.out, flows)
    printResults(host, resultsOf(Object.fromEntries(flows)))
  })
}

type FlowTable = Readonly<Record<string, Readonly<Record<string, Flow>>>>

const first = (values: readonly number[]): number => values[0] ?? NaN
const last = (values: readonly number[]): number => values.at(-1) ?? NaN
const gradientShare = ({ gradient }: Flow): number => (last(gradient) === 0 ? 0 : first(gradient) / last(gradient))
const percent = (v: number): string => `${(100 * v).toFixed(1)} %`

const rowOf = (activation: string, initialization: string, flow: Flow): string =>
  [
    activation.padStart(10),
    `  ${initialization.padEnd(15)}`,
    gradientShare(flow).toExponential(1).padStart(9),
    percent(last(flow.saturated)).padStart(10),
    percent(last(flow.dead)).padStart(8),
  ].join(' ')

function resultsOf(flows: FlowTable): Readonly<Record<string, number>> {
  const of = (activation: string, initialization: string): Flow => flows[activation]?.[initialization] as Flow
  return {
    'gradient sigmoid glorot': gradientShare(of('sigmoid', 'glorot')),
    'gradient tanh glorot': gradientShare(of('tanh', 'glorot')),
    'gradient relu he': gradientShare(of('relu', 'he')),
    'gradient relu lecun': gradientShare(of('relu', 'lecun')),
    'saturated tanh normal 1': last(of('tanh', 'normal 1').saturated),
    'saturated tanh glorot': last(of('tanh', 'glorot').saturated),
    'dead relu he': last(of('relu', 'he').dead),
  }
}

/** Each function with its slope, the derivative that `grad` gives at every point. */
async function drawFunctions(host: Host, folder: string): Promise<void> {
  const functions = { ...Object.fromEntries(Object.entries(activations).map(([name, { apply }]) => [name, apply])), ...relatives }
  const xs = linspace(-5, 5, { count: 201 }),
    at = xs.dataSync()
  const charts = Object.entries(functions).map(([name, f]) => {
    const curve = (title: string, values: Tensor): Series => {
      const data = values.dataSync()
      return { name: title, points: Array.from(at, (x: number, i: number) => [x, data[i] as number] as const) }
    }
    const slopes = vmap(grad((x: Tensor) => f(x)))(xs)
    return xyChart([curve(name, f(xs)), curve('slope', slopes)], { title: name, x: 'x', y: '', width: 320, height: 240 })
  })
  await writeOutput(host, folder, 'functions.svg', svgFile(charts, 3))
}

/** Gradients and signals by depth: a chart for each activation, a curve for each initialisation. */
async function drawFlows(host: Host, folder: string, flows: readonly (readonly [string, Readonly<Record<string, Flow>>])[]): Promise<void> {
  const chart = (what: 'gradient' | 'signal', activation: string, flow: Readonly<Record<string, Flow>>) =>
    xyChart(
      Object.entries(flow).map(([name, f]) => seriesOf(name, f[what])),
      { title: `${activation}: ${what}`, x: 'layer', y: 'root mean square', logY: true, width: 400, height: 280 },
    )
  const charts = flows.flatMap(([activation, flow]) => [chart('signal', activation, flow), chart('gradient', activation, flow)])
  await writeOutput(host, folder, 'depth.svg', svgFile(charts, 2))
}
