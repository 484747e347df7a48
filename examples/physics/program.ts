/** The program: a simulation fitted to observations, and learning through a step of learning. The same source in Node and in a page. */
import { type Key, array, exp, log, random } from '@cotangent/core'
import { fit } from '@cotangent/nn'
import { seriesOf } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import { reportFit } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import type { CommonOptions } from '../lib/host/options.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { begin, judge, learner } from './meta.ts'
import { type Pendulum, STEP, fitted, observed, simulated } from './pendulum.ts'

export async function main(options: CommonOptions, host: Host): Promise<void> {
  await onBackend(options, host, async backend => {
    host.print(`physics on the ${backend} backend`)
    const [pendulumKey, metaKey] = random.split(random.key(options.seed))
    const pendulum = await swing(options, host, pendulumKey)
    printResults(host, { ...pendulum, ...(await learnToLearn(options, host, metaKey)) })
  })
}

const pendulumOf = (length: number, friction: number, angle: number, speed: number): Pendulum => ({
  logLength: log(array(length)),
  logFriction: log(array(friction)),
  angle: array(angle),
  speed: array(speed),
})
/** What is to be found. */
const LENGTH = 1.7,
  FRICTION = 0.15,
  /** Of a measurement, radians. */
  NOISE = 0.05

async function swing({ fast, out }: CommonOptions, host: Host, key: Key): Promise<Readonly<Record<string, number>>> {
  const [noiseKey, fitKey] = random.split(key),
    steps = fast ? 5 : 200,
    truth = pendulumOf(LENGTH, FRICTION, 1.2, 0.5)
  const seen = observed(truth, steps, NOISE, noiseKey)
  const guess = pendulumOf(1, 0.5, 0.5, 0)
  const { pendulum, losses } = fitted(guess, seen, fast ? 3 : 500, fitKey)
  const length = exp(pendulum.logLength).item(),
    friction = exp(pendulum.logFriction).item()
  host.print(
    `${steps} angles, ${NOISE} rad of noise: length ${length.toFixed(4)} m (is ${LENGTH}), friction ${friction.toFixed(4)} /s (is ${FRICTION})`,
  )
  host.print(terminalChart([seriesOf('mean squared error', losses.dataSync())], { title: 'Mean squared error', color: host.isTerminal }))
  const curves = { observed: seen, guess: simulated(guess, steps), fitted: simulated(pendulum, steps) }
  const series = Object.entries(curves).map(([name, angles]) => ({
    name,
    points: Array.from(angles.dataSync(), (angle: number, i: number) => [(i + 1) * STEP, angle] as const),
  }))
  const chart = xyChart(series, { title: 'A pendulum found by its swings', x: 'seconds', y: 'angle', width: 720 })
  await writeOutput(host, out, 'pendulum.svg', svgFile(chart))
  return { 'length error': Math.abs(length - LENGTH) / LENGTH, 'friction error': Math.abs(friction - FRICTION) / FRICTION }
}

async function learnToLearn({ fast, out }: CommonOptions, host: Host, key: Key): Promise<Readonly<Record<string, number>>> {
  const [initKey, taskKey, testKey] = random.split(key, 3),
    updates = fast ? 1 : 6000,
    waves = fast ? 2 : 25,
    scores = judge(fast ? 2 : 500, fast ? 1 : 10)
  const errors = async (title: string, steps: 0 | 1): Promise<readonly number[]> => {
    const { state } = await fit(learner(waves, steps), begin(initKey), keys(taskKey, updates), {
      reportEvery: 50,
      onEvent: reportFit(host, title, updates),
    })
    return scores(state.params, testKey).map(t => t.item())
  }
  const meta = await errors('learning to learn', 1),
    usual = await errors('all waves at once', 0)
  const series = [seriesAfter('learnt to learn', meta), seriesAfter('all waves at once', usual)]
  const chart = xyChart(series, { title: 'Ten points of a new wave', x: 'steps of gradient descent', y: 'mean squared error' })
  await writeOutput(host, out, 'meta.svg', svgFile(chart))
  return { 'meta error': meta[1] ?? NaN, 'usual error': usual[1] ?? NaN }
}

const seriesAfter = (name: string, errors: readonly number[]) => ({ name, points: errors.map((e, i) => [i, e] as const) })

/** One for each update. */
function* keys(key: Key, count: number): Generator<{ readonly key: Key }> {
  for (let i = 0; i < count; i++) yield { key: random.foldIn(key, i) }
}
