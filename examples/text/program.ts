/** The program: networks that read passages of addresses against a bag of words, by cross-validation. The same source in Node and in a page. */
import { type Key, random } from '@cotangent/core'
import { dataset, kFold, wordTokenizer, wordVocabulary } from '@cotangent/nn/data'
import { confusionMatrix, heatmap } from '../lib/charts/heatmap.ts'
import { svgFile } from '../lib/charts/svg.ts'
import { terminalChart } from '../lib/charts/terminal.ts'
import { xyChart } from '../lib/charts/xy.ts'
import type { Host } from '../lib/host/host.ts'
import { onBackend, printResults, writeOutput } from '../lib/program.ts'
import type { Learnt } from '../lib/text-classifier.ts'
import { type Address, readAddresses } from './addresses.ts'
import type { Options } from './options.ts'
import type { Task } from './task.ts'
import { tasks } from './tasks.ts'

export async function main(options: Options, host: Host): Promise<void> {
  const addresses = await readAddresses(host, options.data, options.fast ? 'few' : 'all')
  await onBackend(options, host, async backend => {
    host.print(`${options.task} of passages from ${addresses.length} addresses, on the ${backend} backend`)
    await compare(options, host, tasks[options.task](options.fast), addresses)
  })
}

async function compare({ seed, folds, fast, out }: Options, host: Host, task: Task, addresses: readonly Address[]): Promise<void> {
  const [splitKey, runKey] = random.split(random.key(seed))
  const tried: Tried[] = []
  const parts = foldsOf(addresses, folds, splitKey)
  for (const [i, fold] of parts.slice(0, fast ? 1 : folds).entries())
    tried.push(await tryFold(host, task, `fold ${i + 1}`, random.foldIn(runKey, i), fold))
  const summed = summaryOf(tried)
  await drawAll(host, out, task, tried, summed)
  const results = Object.fromEntries(summed.map(({ name, right }) => [name, right]))
  printResults(host, { ...results, margin: (results['accuracy'] as number) - (results['baseline'] as number) })
}

interface Fold {
  readonly train: readonly Address[]
  readonly test: readonly Address[]
}
/** Whole addresses are in one part: passages of one are alike. */
export function foldsOf(addresses: readonly Address[], folds: number, key: Key): readonly Fold[] {
  const numbers = dataset({ number: Int32Array.from(addresses, (_, i) => i) })
  const pick = (rows: Int32Array): readonly Address[] => Array.from(rows, row => addresses[row] as Address)
  return kFold(numbers, folds, { key }).map(({ train, validation }) => ({ train: pick(train.rows), test: pick(validation.rows) }))
}

/** What the models of a task made of the test passages of a fold. */
interface Tried {
  readonly truth: Int32Array
  readonly models: readonly { readonly name: string; readonly title: string; readonly learnt: Learnt<unknown> }[]
}

async function tryFold(host: Host, task: Task, fold: string, key: Key, { train, test }: Fold): Promise<Tried> {
  const vocabulary = wordVocabulary(
    train.map(a => a.text),
    { size: task.vocabulary },
  )
  const { encode } = wordTokenizer(vocabulary)
  const texts = { train: task.examples(train, encode), test: task.examples(test, encode) }
  const models: Tried['models'][number][] = []
  for (const [i, { name, title, learn }] of task.contestants(texts.train, vocabulary.length).entries())
    models.push({ name, title, learnt: await learn({ host, name: `${fold}, ${title}`, key: random.foldIn(key, i) }, texts) })
  const scores = models.map(m => `${m.title} ${m.learnt.accuracy.toFixed(4)}`).join(', ')
  host.print(`${fold}: ${texts.train.labels.length} passages to learn from, ${texts.test.labels.length} to test with: ${scores}`)
  const [shown, network] = [test[0], models.at(-1)]
  if (fold.endsWith(' 1') && shown !== undefined && network !== undefined && task.demonstrate !== undefined)
    host.print(task.demonstrate(shown, encode, network.learnt))
  return { truth: texts.test.labels, models }
}

interface Summary {
  readonly name: string
  readonly title: string
  /** Of the test passages of all folds, in their order. */
  readonly truth: readonly number[]
  readonly predicted: readonly number[]
  /** The share of them that is right. */
  readonly right: number
}
function summaryOf(tried: readonly Tried[]): readonly Summary[] {
  const truth = tried.flatMap(t => Array.from(t.truth))
  return (tried[0] as Tried).models.map(({ name, title }, i) => {
    const predicted = tried.flatMap(t => t.models[i]?.learnt.predicted ?? [])
    return { name, title, truth, predicted, right: predicted.filter((p, j) => p === truth[j]).length / truth.length }
  })
}

async function drawAll(host: Host, out: string, { classes }: Task, tried: readonly Tried[], summed: readonly Summary[]): Promise<void> {
  const matrices = summed.map(({ title, truth, predicted }) => {
    const shares = confusionMatrix(truth, predicted, classes.length).map(row => {
      const count = row.reduce((a, b) => a + b, 0)
      return row.map(v => v / Math.max(1, count))
    })
    return heatmap(shares, {
      title,
      row: 'is',
      column: 'taken for',
      rows: classes,
      columns: classes,
      format: v => v.toFixed(2),
      darkest: 1,
    })
  })
  await writeOutput(host, out, 'confusion.svg', svgFile(matrices, matrices.length))
  const losses = (tried[0] as Tried).models.map(({ title, learnt }) => ({ ...learnt.losses, name: title }))
  host.print(terminalChart(losses, { title: 'training loss by epoch, first fold', color: host.isTerminal }))
  await writeOutput(
    host,
    out,
    'loss.svg',
    svgFile([xyChart(losses, { title: 'training loss, first fold', x: 'epoch', y: 'cross-entropy' })], 1),
  )
}
