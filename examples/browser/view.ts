/** What the worker reports, as numbers, curves and pictures. */
import { Chart } from './charts.ts'
import { byId, onThemeChange } from './dom.ts'
import { bytes, count, percent } from './format.ts'
import { kernelList, parseKernels, summary } from './kernels.ts'
import { drawFilters } from './pictures.ts'
import type { Filters, Point, Report } from './protocol.ts'

export class View {
  private readonly loss: Chart = new Chart(byId('loss-chart'), {
    name: 'Loss',
    color: '--loss',
    format: value => value.toFixed(2),
    range: (_, max) => [0, Math.max(0.5, max)],
  })
  private readonly accuracy: Chart = new Chart(byId('accuracy-chart'), {
    name: 'Test accuracy',
    color: '--good',
    format: value => percent(value, 0),
    range: min => [Math.min(0.9, Math.floor(min * 10) / 10), 1],
  })
  private filters: Filters | undefined
  private finished = 0

  constructor() {
    onThemeChange(() => this.drawFilters())
  }

  /** A model that has not been trained. */
  reset(epochs: number): void {
    this.finished = 0
    this.loss.clear(epochs)
    this.accuracy.clear(epochs)
    byId<HTMLProgressElement>('progress').value = 0
    for (const id of ['epoch', 'accuracy', 'speed', 'memory']) byId(id).textContent = '–'
    for (const id of ['memory-more', 'kernels-summary', 'kernels']) byId(id).replaceChildren()
    byId('kernels-summary').textContent = 'They appear after the first step.'
  }

  /** Gives a sentence when an epoch has ended. */
  report({ epoch, epochs, digitsPerSecond, losses, accuracies, memory }: Report): string | undefined {
    this.loss.add(losses)
    this.accuracy.add(accuracies)
    const progress = byId<HTMLProgressElement>('progress')
    progress.max = epochs
    progress.value = epoch
    byId('epoch').textContent = `${Math.min(epochs, Math.floor(epoch) + 1)} of ${epochs}`
    if (digitsPerSecond > 0) byId('speed').textContent = count(digitsPerSecond)
    byId('memory').textContent = bytes(memory.live)
    byId('memory-more').textContent = `${count(memory.buffers)} buffers, peak ${bytes(memory.peak)}`
    const last = accuracies.at(-1)
    if (last === undefined) return undefined
    byId('accuracy').textContent = percent(last.value)
    return this.epochEnded(last, epochs)
  }

  showFilters(filters: Filters): void {
    this.filters = filters
    this.drawFilters()
    const { count, side } = filters
    byId('filters').ariaLabel = `Weights of the first layer: ${count} filters of ${side} by ${side}`
    byId('filters-note').textContent = `${count} filters of ${side} × ${side} weights: orange adds, blue subtracts.`
  }

  showKernels(text: string): void {
    const printed = parseKernels(text)
    byId('kernels-summary').textContent = `${summary(printed)}. ${printed.memory}. Each unfolds, as explain prints it.`
    byId('kernels').replaceChildren(...kernelList(printed))
  }

  private epochEnded({ epoch, value }: Point, epochs: number): string | undefined {
    // Sums of fractions may miss a whole number by a rounding.
    const finished = Math.floor(epoch + 1e-9)
    if (finished <= this.finished) return undefined
    this.finished = finished
    return `Epoch ${finished} of ${epochs}: ${percent(value)} of the test digits are read right.`
  }

  private drawFilters(): void {
    if (this.filters !== undefined) drawFilters(byId('filters') as HTMLCanvasElement, this.filters)
  }
}
