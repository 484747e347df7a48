/** The page: it tells the worker what to do and shows what comes back. Nothing is computed here. */
import * as Comlink from 'comlink'
import { type BackendChoice, type ModelName, backendChoices, modelChoices } from './choices.ts'
import { coalesce } from './coalesce.ts'
import { type Phase, chosen, showChoices, showPhase, showProblem } from './controls.ts'
import { type DigitAddresses, fileNames } from './digits.ts'
import { byId } from './dom.ts'
import { Drawing } from './drawing.ts'
import { count } from './format.ts'
import { loadParts } from './parts.ts'
import { drawDigit } from './pictures.ts'
import { Probabilities } from './probabilities.ts'
import type { Choice, DigitCounts, Opened, Report, Session } from './protocol.ts'
import { showSamples, someIndices } from './samples.ts'
import { View } from './view.ts'

const SAMPLES = 10

let session: Comlink.Remote<Session>
const form = byId<HTMLFormElement>('choices')
showChoices(byId('models'), 'model', modelChoices)
showChoices(byId('backends'), 'backend', backendChoices)
const view = new View()
const probabilities = new Probabilities(byId('probabilities'), byId('answer'))

let phase: Phase = 'busy'
/** Which model is open: what comes late from an earlier one is dropped. */
let generation = 0
let opening: Promise<unknown> = Promise.resolve()
let pixels: Float32Array<ArrayBuffer> | undefined
let speak = false

function enter(next: Phase, status: string): void {
  phase = next
  showPhase(next, status)
}

function failed(error: unknown): void {
  enter('failed', 'This did not work.')
  showProblem(error)
}

/** Opens what is chosen, untrained; true when it is ready and still wanted. */
async function open(): Promise<boolean> {
  const mine = ++generation
  const { backend, model } = chosen(form)
  const choice: Choice = { backend: backend as BackendChoice, model: model as ModelName, cores: navigator.hardwareConcurrency }
  enter('busy', 'Preparing …')
  showProblem()
  // One after another; those that were overtaken are left out.
  const turn = opening.then(() => (mine === generation ? session.open(choice) : undefined))
  opening = turn.catch(() => {})
  try {
    const opened = await turn
    if (mine !== generation || opened === undefined) return false
    showOpened(choice, opened)
    return true
  } catch (error) {
    if (mine === generation) failed(error)
    return false
  }
}

function showOpened({ backend }: Choice, { parameters, threads, epochs }: Opened): void {
  view.reset(epochs)
  const device = threads === undefined ? backend : `${backend}, ${threads} thread${threads === 1 ? '' : 's'}`
  enter('ready', `Ready: ${count(parameters)} parameters on ${device}.`)
  void refresh()
}

async function train(): Promise<void> {
  const mine = generation
  enter('training', 'Training.')
  let first = true
  const listen = (report: Report): void => {
    if (mine !== generation) return
    const sentence = view.report(report)
    if (sentence !== undefined) byId('status').textContent = sentence
    if (first) void showKernels(mine)
    first = false
    void refresh()
  }
  try {
    const outcome = await session.train(Comlink.proxy(listen))
    if (mine !== generation) return
    enter(outcome, outcome === 'paused' ? 'Paused.' : `Finished: ${byId('accuracy').textContent} of the test digits are read right.`)
    await refresh()
  } catch (error) {
    if (mine === generation) failed(error)
  }
}

async function showKernels(mine: number): Promise<void> {
  const text = await session.kernels()
  if (mine === generation) view.showKernels(text)
}

/** The filters and the reading of the drawing, as the model is now. */
const refresh = coalesce(async () => {
  if (phase === 'busy' || phase === 'failed') return
  const mine = generation,
    aloud = speak
  speak = false
  const [filters, classes] = await Promise.all([session.filters(), pixels === undefined ? undefined : session.predict(pixels)])
  if (mine !== generation) return
  view.showFilters(filters)
  const sentence = probabilities.show(classes)
  if (aloud) byId('spoken').textContent = sentence
})

const drawing = new Drawing(byId<HTMLCanvasElement>('canvas'), (drawn, ended) => {
  pixels = drawn
  speak ||= ended
  drawDigit(byId<HTMLCanvasElement>('seen'), drawn)
  void refresh()
})

async function showOthers({ test }: DigitCounts): Promise<void> {
  showSamples(await session.testDigits(someIndices(SAMPLES, test)), digit => drawing.show(digit.pixels))
}

function run(): void {
  if (phase === 'training') void session.pause()
  else if (phase === 'ready' || phase === 'paused') void train()
  else if (phase !== 'busy') void open().then(ready => (ready ? train() : undefined))
}

async function start(): Promise<void> {
  const { worker, addressOf } = await loadParts()
  worker.addEventListener('error', event => failed(event.message || 'The worker could not start.'))
  session = Comlink.wrap<Session>(worker)
  const [train, test] = [fileNames.train, fileNames.test].map(([images, labels]) => [addressOf(images), addressOf(labels)] as const)
  const counts = await session.load({ train, test } as DigitAddresses)
  byId('train-count').textContent = count(counts.train)
  byId('test-count').textContent = count(counts.test)
  await Promise.all([showOthers(counts), open()])
  for (const id of ['run', 'reset']) byId<HTMLButtonElement>(id).disabled = false
  byId('run').addEventListener('click', run)
  byId('reset').addEventListener('click', () => void open())
  byId('clear').addEventListener('click', () => drawing.clear())
  byId('others').addEventListener('click', () => void showOthers(counts))
  form.addEventListener('change', () => void open())
}

start().catch(failed)
