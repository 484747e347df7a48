/** The program: learns to tell spam from other mail, by bodies alone and with headers. The same source in Node and in a page. */
import { type Key, type Tensor, array, random } from '@cotangent/core'
import { metrics } from '@cotangent/nn'
import { type WordVocabularyOptions, wordTokenizer, wordVocabulary } from '@cotangent/nn/data'
import { rocOf } from '../lib/charts/decisions.ts'
import { confusionMatrix, heatmap } from '../lib/charts/heatmap.ts'
import type { Series } from '../lib/charts/series.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import { type Learnt, type TextRun, learnTexts } from '../lib/text-classifier.ts'
import { type Texts, bagRows, pick, sequenceRows } from '../lib/texts.ts'
import { type Mails, readMails } from './mails.ts'
import { attentive, linear } from './models.ts'
import type { Options } from './options.ts'

interface Sizes {
  readonly vocabulary: number
  /** Tokens of a mail that the attentive model sees. */
  readonly length: number
  readonly width: number
  readonly epochs: { readonly linear: number; readonly attentive: number }
}
const usual: Sizes = { vocabulary: 10_000, length: 300, width: 32, epochs: { linear: 8, attentive: 5 } }
const small: Sizes = { vocabulary: 1_000, length: 50, width: 8, epochs: { linear: 4, attentive: 1 } }
const BATCH = 64
/** Of Adam. */
const RATES = { linear: 0.02, attentive: 0.005 } as const

/** Besides words: tags, and the signs that spam likes. */
const words: WordVocabularyOptions = { pattern: /<\/?\p{L}+|[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*|[!$%]+/gu, minCount: 2 }

export async function main(options: Options, host: Host): Promise<void> {
  const mails = await readMails(host, options.data, options.fast ? 'few' : 'all')
  await onBackend(options, host, async backend => {
    host.print(`spam among ${mails.labels.length} mails, on the ${backend} backend`)
    await compare(options, host, mails)
  })
}

async function compare({ seed, fast, out }: Options, host: Host, mails: Mails): Promise<void> {
  const sizes = fast ? small : usual,
    [splitKey, ...keys] = random.split(random.key(seed), 4)
  const split = splitOf(splitKey, mails.labels.length)
  const bodies = mailboxOf(mails.bodies, mails.labels, split, sizes.vocabulary),
    whole = mailboxOf(mails.whole, mails.labels, split, sizes.vocabulary)
  const run = (i: number, name: string, model: 'linear' | 'attentive'): TextRun => ({
    host,
    name,
    key: keys[i] as Key,
    epochs: sizes.epochs[model],
    rate: RATES[model],
    batchSize: BATCH,
  })
  const bag = ({ train, test, vocabulary }: Mailbox) => ({ train, test, rows: bagRows(train, vocabulary.length) }),
    sequence = { ...bodies, rows: sequenceRows(sizes.length) }
  const byBodies = await learnTexts(run(0, 'bodies', 'linear'), linear(), bag(bodies)),
    byWhole = await learnTexts(run(1, 'headers', 'linear'), linear(), bag(whole)),
    byAttention = await learnTexts(run(2, 'attention', 'attentive'), attentive(bodies.vocabulary.length, sizes.width), sequence)
  host.print(`${split.train.length} mails to learn from, ${split.test.length} to test with`)
  printTelling(host, bodies.vocabulary, byBodies.params.kernel)
  await report(host, out, [byBodies, byWhole, byAttention], bodies.test.labels)
}

async function report(host: Host, out: string, learnt: readonly Learnt<unknown>[], truth: Int32Array): Promise<void> {
  const losses = learnt.map(l => l.losses)
  host.print(terminalChart(losses, { title: 'training loss by epoch', color: host.isTerminal }))
  /** How much more a mail looks like spam than like ham. */
  const scoresOf = ({ logits }: Learnt<unknown>): readonly number[] => logits.map(([ham = 0, spam = 0]) => spam - ham)
  const curves = learnt.map(one => rocOf(one.name, scoresOf(one), truth))
  await drawAll(host, out, learnt, curves, truth)
  const results = learnt.flatMap(one => [
    [`accuracy ${one.name}`, one.accuracy] as const,
    [`auc ${one.name}`, metrics.rocAuc(array(scoresOf(one)), array(truth)).item()] as const,
  ])
  printResults(host, Object.fromEntries(results))
}

interface Split {
  readonly train: Int32Array
  readonly test: Int32Array
}
/** Four fifths to learn from, the rest to see how well. */
function splitOf(key: Key, count: number): Split {
  const order = random.permutation(key, count).dataSync() as Int32Array,
    end = Math.round(count * 0.8)
  return { train: order.subarray(0, end), test: order.subarray(end) }
}

interface Mailbox {
  readonly vocabulary: readonly string[]
  readonly train: Texts
  readonly test: Texts
}
/** Texts as tokens of the words that are frequent among the training texts. */
function mailboxOf(texts: readonly string[], labels: Int32Array, { train, test }: Split, size: number): Mailbox {
  const vocabulary = wordVocabulary(
    Array.from(train, i => texts[i] as string),
    { ...words, size },
  )
  const { encode } = wordTokenizer(vocabulary, words)
  const all: Texts = { tokens: texts.map(encode), labels }
  return { vocabulary, train: pick(all, train), test: pick(all, test) }
}

/** The words whose weights speak most for spam, and most against it. */
function printTelling(host: Host, vocabulary: readonly string[], kernel: Tensor): void {
  const weights = kernel.dataSync()
  const leaning = vocabulary.map((word, i) => [word, Number(weights[2 * i + 1]) - Number(weights[2 * i])] as const)
  const ranked = leaning.toSorted(([, a], [, b]) => b - a).map(([word]) => word)
  host.print(`speak for spam: ${ranked.slice(0, 15).join(' ')}`)
  host.print(`speak against it: ${ranked.slice(-15).reverse().join(' ')}`)
}

async function drawAll(
  host: Host,
  out: string,
  learnt: readonly Learnt<unknown>[],
  curves: readonly Series[],
  truth: Int32Array,
): Promise<void> {
  const names = ['ham', 'spam']
  const matrices = learnt.map(({ name, predicted }) =>
    heatmap(confusionMatrix(truth, predicted, names.length), { title: name, row: 'is', column: 'read as', rows: names, columns: names }),
  )
  await writeOutput(host, out, 'confusion.svg', svgFile(matrices, matrices.length))
  const losses = learnt.map(l => l.losses)
  const charts = [
    xyChart(curves, { title: 'ROC', x: 'ham taken for spam', y: 'spam found', domainX: [0, 0.1], domainY: [0.8, 1] }),
    xyChart(losses, { title: 'training loss', x: 'epoch', y: 'cross-entropy', logY: true }),
  ]
  await writeOutput(host, out, 'curves.svg', svgFile(charts, charts.length))
}
