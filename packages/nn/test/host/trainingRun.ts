/**
 * A training run as a process, for signals.test.ts: node trainingRun.ts CHECKPOINT STEPS [PAUSE]. Says each step, and at the end
 * the bits; waits for a signal at step PAUSE.
 */
import { createHash } from 'node:crypto'
import { init, random } from '@cotangent/core'
import { batches } from '../../src/data/index.ts'
import { fileCheckpoint, interruption } from '../../src/host/index.ts'
import { type FitEvent, type FitOptions, fit } from '../../src/index.ts'
import { type SmallState, bitsOf, sines, smallTrainer } from '../support/training.ts'

/** Why it ended, and a hash of the bits then. */
export async function trainTo(steps: number, options: FitOptions<SmallState> = {}): Promise<string> {
  const { step, init: untrained } = smallTrainer(),
    data = sines(64)
  const source = (epoch: number) => batches(data, 8, { key: random.key(epoch) })
  const { reason, state } = await fit(step, untrained(random.key(7), [1]), source, { epochs: 1000, steps, ...options })
  return `${reason} ${createHash('sha256')
    .update(JSON.stringify(bitsOf(state)))
    .digest('hex')}`
}

/** Until there is a signal: whoever sends it has time. */
const wait = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setInterval(() => {}, 1000)
    signal.addEventListener('abort', () => {
      clearInterval(timer)
      resolve()
    })
  })

const [, main = '', path = '', steps = '', pause = ''] = process.argv
if (main === import.meta.filename) {
  await init({ backend: 'reference' })
  const signal = interruption(),
    checkpoint = { store: fileCheckpoint(path), every: 2 }
  const onEvent = async (e: FitEvent<SmallState>): Promise<void> => {
    console.log(e.type, e.step)
    if (e.type === 'step' && e.step === Number(pause)) await wait(signal)
  }
  console.log(await trainTo(Number(steps), { checkpoint, signal, onEvent }))
}
