/** The program: an agent learns to balance a pole, and is judged by 100 episodes. The same source in Node and in a page. */
import { type Key, random } from '@cotangent/core'
import { type FitEvent, type StopRule, fit } from '@cotangent/nn'
import type { Series } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults, progressOf, writeOutput } from '../lib/program.ts'
import { dqn } from './dqn.ts'
import { MAX_STEPS } from './environment.ts'
import type { Effort, Method } from './method.ts'
import { returnsOf } from './networks.ts'
import type { Options } from './options.ts'
import { ppo } from './ppo.ts'
import { reinforce } from './reinforce.ts'

export async function main(options: Options, host: Host): Promise<void> {
  const effort = (updates: number): Effort =>
    options.fast ? { carts: 4, updates: 1, maxSteps: 8 } : { carts: 64, updates, maxSteps: MAX_STEPS }
  const methods = {
    ppo: () => learn(ppo(effort(100)), options, host),
    reinforce: () => learn(reinforce(effort(200)), options, host),
    dqn: () => learn(dqn(effort(100)), options, host),
  }
  await onBackend(options, host, async backend => {
    host.print(`cartpole: ${options.method} on the ${backend} backend`)
    await methods[options.method]()
  })
}

/** Every episode is as long as it can be. */
const balanced: StopRule = {
  initial: -Infinity,
  next(memory, { return: value = NaN }) {
    const isBest = value > (memory as number)
    return { memory: isBest ? value : memory, isBest, stop: value >= MAX_STEPS }
  },
}

async function learn<S>(method: Method<S>, { seed, fast, out }: Options, host: Host): Promise<void> {
  const [initKey, playKey, validationKey, testKey] = random.split(random.key(seed), 4),
    episodes = fast ? 4 : 100,
    returns = returnsOf(episodes, fast ? 8 : MAX_STEPS)
  const meanReturn = (state: S, key: Key): number => returns(method.policy(state), key).mean().item()
  const curves: Record<'learning' | 'greedy', [number, number][]> = { learning: [], greedy: [] }
  const report = progressOf(host, 'updates', method.updates)
  const onEvent = (event: FitEvent<S>): void => {
    if (event.type === 'step') {
      curves.learning.push([event.step, event.metrics['length'] ?? NaN])
      report(event.step, `episodes of ${(event.metrics['length'] ?? NaN).toFixed(0)} steps`)
    } else if (event.type === 'evaluation') curves.greedy.push([event.step, event.metrics['return'] ?? NaN])
  }
  const { state, best, step } = await fit(method.update, method.init(initKey), keys(playKey, method.updates), {
    evaluate: s => ({ return: meanReturn(s, validationKey) }),
    evaluateEvery: Math.min(10, method.updates),
    stop: balanced,
    keepBest: true,
    onEvent,
  })
  if (step < method.updates) report(method.updates, 'balanced')
  const drawn: readonly Series[] = Object.entries(curves).map(([name, points]) => ({ name, points }))
  await draw(host, out, drawn)
  printResults(host, { updates: step, 'mean return': meanReturn(best ?? state, testKey) }, 1)
}

/** One for each update. */
function* keys(key: Key, count: number): Generator<Key> {
  for (let i = 0; i < count; i++) yield random.foldIn(key, i)
}

async function draw(host: Host, folder: string, series: readonly Series[]): Promise<void> {
  host.print(terminalChart(series, { title: 'Steps an episode, by update', color: host.isTerminal }))
  const chart = xyChart(series, { title: 'Learning to balance', x: 'update', y: 'steps an episode', domainY: [0, MAX_STEPS] })
  await writeOutput(host, folder, 'returns.svg', svgFile(chart))
}
