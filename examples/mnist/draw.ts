/** Digits in the terminal: two rows of pixels a line, by half blocks in 256 greys. */
import { SIDE, type Digits } from '../lib/digits.ts'

export interface Prediction {
  readonly index: number
  readonly predicted: number
  /** Probability that the model gives its answer. */
  readonly probability: number
}

/** Several digits side by side, with what the model reads below each. */
export function drawDigits(d: Digits, predictions: readonly Prediction[], color: boolean): string {
  const pixel = (index: number, y: number, x: number): number => d.images[index * SIDE * SIDE + y * SIDE + x] ?? 0
  const grey = (v: number): number => 232 + Math.round(v * 23)
  const cell = (index: number, y: number, x: number): string => {
    const top = pixel(index, y, x),
      bottom = pixel(index, y + 1, x)
    if (color) return `\x1b[38;5;${grey(top)};48;5;${grey(bottom)}m▀\x1b[0m`
    return top > 0.5 ? (bottom > 0.5 ? '█' : '▀') : bottom > 0.5 ? '▄' : ' '
  }
  const lines: string[] = []
  for (let y = 2; y < SIDE - 2; y += 2)
    lines.push(predictions.map(p => Array.from({ length: SIDE - 8 }, (_, x) => cell(p.index, y, x + 4)).join('')).join('  '))
  const caption = (p: Prediction): string =>
    `${p.predicted} (${Math.round(100 * p.probability)} %)${d.labels[p.index] === p.predicted ? '' : `, is ${d.labels[p.index]}`}`
  lines.push(predictions.map(p => caption(p).padEnd(SIDE - 8)).join('  '))
  return lines.map(line => line.trimEnd()).join('\n')
}
