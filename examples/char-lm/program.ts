/** The program: a network learns to say which character comes next in Shakespeare, then writes. The same source in Node and in a page. */
import { type Key, type TreeOf, array, random } from '@cotangent/core'
import { adamw, chain, clipByGlobalNorm, fit, schedules } from '@cotangent/nn'
import { type Tokenizer, batches, charTokenizer, charVocabulary, dataset, sliceOf } from '@cotangent/nn/data'
import { type Series, smoothed } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import { type ExampleBatch, type Examples, classifier, reportFit } from '../lib/classify.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { type LanguageModel, type Sizes, recurrentNetwork, transformer } from './models.ts'
import type { Options } from './options.ts'
import { write } from './write.ts'

const usual: Sizes = { depth: 4, heads: 4, width: 128, block: 64 }
const small: Sizes = { depth: 1, heads: 2, width: 16, block: 16 }
/** Blocks of a step. */
const BATCH = 12
/** The highest rate of learning; a network of few layers takes more. */
const PEAK = { transformer: 1e-3, rnn: 1e-2 } as const
/** Steps between two looks at the validation text. */
const LOOK = 250
/** Characters that `--fast` reads. */
const FEW = 20_000

export async function main(options: Options, host: Host): Promise<void> {
  const whole = new TextDecoder().decode(await host.readFile(options.data))
  const text = options.fast ? whole.slice(0, FEW) : whole
  await onBackend(options, host, async backend => {
    const tokenizer = charTokenizer(charVocabulary(text)),
      sizes = options.fast ? small : usual
    host.print(`${options.model} on ${text.length} characters, ${tokenizer.size} different ones, on the ${backend} backend`)
    const corpus = corpusOf(tokenizer.encode(text), sizes.block, options.fast)
    if (options.model === 'rnn') await learnAndWrite(options, host, recurrentNetwork(tokenizer.size, sizes), tokenizer, corpus)
    else await learnAndWrite(options, host, transformer(tokenizer.size, sizes), tokenizer, corpus)
  })
}

interface CharacterCorpus {
  /** Nine tenths of the text. */
  readonly train: Int32Array
  /** The rest, in blocks without gaps. */
  readonly validation: Examples
  readonly block: number
}

function corpusOf(ids: Int32Array, block: number, fast: boolean): CharacterCorpus {
  const end = Math.floor(ids.length * 0.9),
    rest = ids.subarray(end)
  const blocks = fast ? 2 * BATCH : Math.floor((rest.length - 1) / block)
  const part = (start: number) => ({ data: rest.slice(start, start + blocks * block), shape: [blocks, block] })
  return { train: ids.subarray(0, end), validation: dataset({ x: part(0), labels: part(1) }), block }
}

async function learnAndWrite<P extends TreeOf<P>, S extends TreeOf<S>>(
  options: Options,
  host: Host,
  model: LanguageModel<P, S>,
  tokenizer: Tokenizer,
  { train, validation, block }: CharacterCorpus,
): Promise<void> {
  const { steps, prompt, length, temperature, seed, model: name, out } = options
  const [initKey, orderKey, writeKey] = random.split(random.key(seed), 3)
  const rate = schedules.warmupCosine({ peak: PEAK[name], warmupSteps: Math.min(100, steps / 2), steps, end: PEAK[name] / 10 })
  const learner = classifier(model.network, chain(clipByGlobalNorm(1), adamw(rate, { b2: 0.99, weightDecay: 0.1 })))
  const losses: number[] = [],
    looks: (readonly [number, number])[] = []
  const report = reportFit(host, name, steps),
    few = sliceOf(validation, 0, 128)
  const { state } = await fit(learner.step, learner.init(initKey, [block]), randomBlocks(train, block, orderKey), {
    steps,
    evaluateEvery: LOOK,
    evaluate: s => learner.evaluate(s, batches(few, 64)),
    onEvent: event => {
      report(event)
      if (event.type === 'step') losses.push(event.metrics['loss'] as number)
      if (event.type === 'evaluation') looks.push([event.step, event.metrics['loss'] as number])
    },
  })
  const { loss = NaN, accuracy = NaN } = await learner.evaluate(state, batches(validation, 64))
  await drawLosses(host, out, losses, looks)
  const ids = write(model, state.params, { prompt: tokenizer.encode(prompt), length, temperature, key: writeKey })
  host.print(`it writes:\n${prompt}${tokenizer.decode(ids)}\n`)
  printResults(host, { 'validation loss': loss, 'validation accuracy': accuracy })
}

/** Blocks from anywhere in the text, with the characters behind each: without end. */
function* randomBlocks(text: Int32Array, block: number, key: Key): Generator<ExampleBatch> {
  for (let step = 0; ; step++) {
    const starts = Array.from(random.randint(random.foldIn(key, step), [BATCH], 0, text.length - block).dataSync(), Number)
    const from = (shift: number) => {
      const data = new Int32Array(BATCH * block)
      starts.forEach((start, i) => data.set(text.subarray(start + shift, start + shift + block), i * block))
      return array(data, { shape: [BATCH, block] })
    }
    yield { x: from(0), labels: from(1) }
  }
}

async function drawLosses(
  host: Host,
  out: string,
  losses: readonly number[],
  looks: readonly (readonly [number, number])[],
): Promise<void> {
  const RUN = 20
  const series: readonly Series[] = [
    { name: 'training', points: smoothed(losses, RUN).map((y, i) => [(i + 1) * RUN, y] as const) },
    { name: 'validation', points: looks },
  ]
  host.print(
    terminalChart(
      series.filter(s => s.points.length > 0),
      { title: 'loss, nats a character', color: host.isTerminal },
    ),
  )
  await writeOutput(host, out, 'loss.svg', svgFile(xyChart(series, { title: 'loss', x: 'step', y: 'nats a character' })))
}
