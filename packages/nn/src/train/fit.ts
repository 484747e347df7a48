/**
 * Training is a fold: a pure step takes a state and a batch, and gives the next state. `fit` runs the fold, and between two steps what belongs there: reports,
 * evaluations, early stopping, checkpoints. It knows nothing of models: a state is any tree.
 */
import { copy, tree } from '@cotangent/core'
import { checkOptions, described, fail } from '@cotangent/core/extend'
import { type Memory, readCheckpoint, writeCheckpoint } from './checkpoint.ts'
import type {
  CheckpointStore,
  EndReason,
  FitEvent,
  FitOptions,
  Fitted,
  Happening,
  Metrics,
  Numbers,
  Position,
  Source,
  Step,
} from './events.ts'
import { addTo, meansOf, noMeans, readMetrics } from './means.ts'
import { from, taking } from './source.ts'

/** The batches of each epoch, counted from 0; or of all epochs alike, if they can be iterated again. */
export type Batches<B> = Source<B> | ((epoch: number) => Source<B>)

/**
 * Folds `step` over the batches of each epoch, and gives the last state. With a `checkpoint` whose store holds one, the run continues there, and ends with the
 * very bits of a run that nothing interrupted. If `step` donates its state, the one given here is used up.
 *
 * @example
 * const { state } = await fit(trainer.step, trainer.init(key, [784]), epoch => batches(train, 32, { key: random.foldIn(key, epoch) }), {
 *   epochs: 5,
 *   onEvent: e => { if (e.type === 'epoch') console.log(e.epoch, e.metrics) },
 * })
 */
export async function fit<T, B, M extends Metrics>(
  step: Step<T, B, M>,
  state: T,
  batches: Batches<B>,
  options: FitOptions<T> = {},
): Promise<Fitted<T>> {
  const events = fitEvents(step, state, batches, options)
  for (;;) {
    const next = await events.next()
    if (next.done === true) return next.value
    await options.onEvent?.(next.value)
  }
}

/**
 * The same as a stream of what happens, for `for await`: nothing is computed before it is asked for, and who stops asking ends the run, without a checkpoint. It
 * returns what `fit` gives; `onEvent` is not called.
 */
export async function* fitEvents<T, B, M extends Metrics>(
  step: Step<T, B, M>,
  state: T,
  batches: Batches<B>,
  options: FitOptions<T> = {},
): AsyncGenerator<FitEvent<T>, Fitted<T>, undefined> {
  checkNumbers(checkOptions('fit', options, ...OPTIONS))
  if (typeof step !== 'function')
    fail('ValueError', `fit: the step must be a function (state, batch) => [state, metrics], got ${described(step)}.`)
  const run = await open(state, options)
  if (run.resumed !== null) yield event(run, { type: 'resumed', name: run.resumed })
  while (run.reason === null && run.memory.epoch < (options.epochs ?? 1)) yield* epoch(run, step, batches)
  run.reason ??= 'done'
  if (run.isChanged) yield* save(run)
  yield event(run, { type: 'end', reason: run.reason })
  return { ...positionOf(run.memory), state: run.state, best: run.best, reason: run.reason }
}

const OPTIONS = [
  'epochs',
  'steps',
  'evaluate',
  'evaluateEvery',
  'stop',
  'keepBest',
  'reportEvery',
  'checkpoint',
  'signal',
  'onEvent',
] as const

/** The one place where training changes: everything else is values. */
interface Run<T> {
  readonly options: FitOptions<T>
  state: T
  best: T | null
  memory: Memory
  reason: EndReason | null
  /** Metrics of steps that were not read yet. */
  unread: Metrics[]
  /** Is there something that the store does not have? */
  isChanged: boolean
  /** The name of the checkpoint that it began with. */
  readonly resumed: string | null
}
type Events<T> = AsyncGenerator<FitEvent<T>, void, undefined>

async function open<T>(initial: T, options: FitOptions<T>): Promise<Run<T>> {
  const { stop, checkpoint } = options
  const fresh: Memory = { step: 0, epoch: 0, batch: 0, recent: noMeans, whole: noMeans, rule: null, isStopped: false }
  const found = checkpoint === undefined || checkpoint.resume === false ? null : await readCheckpoint(checkpoint.store, initial)
  const { state, best, memory } = found ?? { state: initial, best: null, memory: fresh }
  return {
    options,
    state,
    best,
    memory: { ...memory, rule: memory.rule ?? stop?.initial ?? null },
    reason: memory.isStopped && stop !== undefined ? 'stopped' : null,
    unread: [],
    isChanged: found === null,
    resumed: found === null ? null : (checkpoint?.store.name ?? null),
  }
}

const positionOf = ({ step, epoch, batch }: Memory): Position => ({ step, epoch, batch })
const event = <T>({ memory, state }: Run<T>, what: Happening): FitEvent<T> => ({ ...positionOf(memory), state, ...what })

function change<T>(run: Run<T>, changes: Partial<Memory>): void {
  run.memory = { ...run.memory, ...changes }
  run.isChanged = true
}

async function* epoch<T, B, M extends Metrics>(run: Run<T>, step: Step<T, B, M>, batches: Batches<B>): Events<T> {
  const { epoch: number, batch: done } = run.memory
  const { signal, steps = Infinity } = run.options
  const turn = taking()
  for await (const batch of from(typeof batches === 'function' ? batches(number) : batches, done)) {
    if (signal?.aborted === true) run.reason = 'aborted'
    else if (run.memory.step >= steps) run.reason = 'done'
    if (run.reason !== null) return
    const [state, metrics] = pairOf(await step(run.state, batch))
    run.state = state
    run.unread.push(metrics)
    change(run, { step: run.memory.step + 1, batch: run.memory.batch + 1 })
    yield* afterStep(run)
    await turn()
  }
  if (run.memory.batch === 0)
    fail('ValueError', `fit: epoch ${number} has no batches. A generator runs once: pass a function, fit(step, state, epoch => ...).`)
  if (run.reason === null) yield* afterEpoch(run)
}

/** What a step gives, for callers without types. */
function pairOf<P extends readonly [state: unknown, metrics: Metrics]>(given: P): P {
  if (!Array.isArray(given) || given.length !== 2 || typeof given[1] !== 'object')
    fail('TreeError', `fit: the step must return [state, metrics], got ${described(given)}. Metrics are scalars by name, { loss } or {}.`)
  return given
}

const isDue = ({ step }: Memory, every: number | undefined): boolean => every !== undefined && step % every === 0

async function* afterStep<T>(run: Run<T>): Events<T> {
  const { reportEvery = 1, evaluateEvery, checkpoint } = run.options
  if (isDue(run.memory, reportEvery)) {
    await read(run)
    const metrics = meansOf(run.memory.recent)
    change(run, { recent: noMeans })
    yield event(run, { type: 'step', metrics })
  }
  if (isDue(run.memory, evaluateEvery)) yield* evaluation(run, meansOf(run.memory.whole))
  if (isDue(run.memory, checkpoint?.every)) yield* save(run)
}

async function* afterEpoch<T>(run: Run<T>): Events<T> {
  await read(run)
  const metrics = meansOf(run.memory.whole)
  yield event(run, { type: 'epoch', metrics })
  if (run.options.evaluateEvery === undefined) yield* evaluation(run, metrics)
  change(run, { epoch: run.memory.epoch + 1, batch: 0, whole: noMeans })
  if (run.options.checkpoint?.every === undefined) yield* save(run)
}

/** Takes in the metrics of the steps since the last time. */
async function read<T>(run: Run<T>): Promise<void> {
  const values = await readMetrics(run.unread)
  run.unread = []
  change(run, { recent: values.reduce(addTo, run.memory.recent), whole: values.reduce(addTo, run.memory.whole) })
}

async function* evaluation<T>(run: Run<T>, means: Numbers): Events<T> {
  const { evaluate, stop, keepBest = false } = run.options
  if (evaluate === undefined && stop === undefined) return
  const metrics = evaluate === undefined ? means : await evaluate(run.state)
  const decision = stop?.next(run.memory.rule, metrics)
  if (decision !== undefined) change(run, { rule: decision.memory, isStopped: decision.stop })
  const isBest = decision?.isBest ?? false
  // A copy: the next step may use the state up.
  if (isBest && keepBest) run.best = tree.map(copy, run.state)
  if (decision?.stop === true) run.reason = 'stopped'
  if (evaluate !== undefined) yield event(run, { type: 'evaluation', metrics, isBest })
}

async function* save<T>(run: Run<T>): Events<T> {
  const store = run.options.checkpoint?.store
  if (store === undefined) return
  await read(run)
  await writeCheckpoint(store, run)
  run.isChanged = false
  yield event(run, { type: 'checkpoint', name: store.name })
}

function checkNumbers({ epochs, steps, evaluateEvery, reportEvery, checkpoint }: FitOptions<never>): void {
  /** How long it may be at all: nothing, and for ever. */
  const isLength = (n: number): boolean => n === Infinity || (Number.isInteger(n) && n >= 0)
  const isInterval = (n: number): boolean => Number.isInteger(n) && n >= 1
  const check = (what: string, options: Readonly<Record<string, number | undefined>>, holds: (n: number) => boolean): void => {
    const wrong = Object.entries(options).find(([, n]) => n !== undefined && !holds(n))
    if (wrong !== undefined) fail('ValueError', `fit: ${wrong[0]} must be ${what}, got ${wrong[1]}.`)
  }
  check('an integer of at least 0, or Infinity', { epochs, steps }, isLength)
  if (checkpoint !== undefined && typeof (checkpoint.store as Partial<CheckpointStore> | undefined)?.read !== 'function')
    fail(
      'ValueError',
      `fit: checkpoint.store must be a store, as fileCheckpoint(path) of @cotangent/nn/node, got ${described(checkpoint.store)}.`,
    )
  check('a positive integer', { evaluateEvery, reportEvery, every: checkpoint?.every }, isInterval)
}
