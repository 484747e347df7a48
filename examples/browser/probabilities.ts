/** The probability of each class as bars. */
import { make } from './dom.ts'
import { percent } from './format.ts'

export class Probabilities {
  private readonly rows: readonly { readonly row: HTMLElement; readonly bar: HTMLElement; readonly value: HTMLElement }[]
  private readonly answer: HTMLElement

  constructor(list: HTMLElement, answer: HTMLElement) {
    this.answer = answer
    this.rows = Array.from({ length: 10 }, (_, digit) => {
      const bar = make('span', { className: 'bar', ariaHidden: 'true' }),
        value = make('span', { className: 'value' })
      const row = make('li', {}, make('span', { className: 'digit' }, String(digit)), bar, value)
      list.append(row)
      return { row, bar, value }
    })
    this.show(undefined)
  }

  /** Undefined: nothing is drawn. Returns the answer as a sentence. */
  show(probabilities: readonly number[] | undefined): string {
    const best = probabilities?.indexOf(Math.max(...probabilities)) ?? -1
    this.rows.forEach(({ row, bar, value }, digit) => {
      const p = probabilities?.[digit]
      bar.style.setProperty('--share', String(p ?? 0))
      value.textContent = p === undefined ? '' : percent(p)
      row.classList.toggle('best', digit === best)
    })
    this.answer.textContent = best < 0 ? '–' : String(best)
    return probabilities === undefined ? 'Nothing is drawn.' : `Read as ${best}, ${percent(probabilities[best] ?? 0, 0)} sure.`
  }
}
