/** Test digits to pick, for those who have no pointer or want a fair test. */
import { byId, make } from './dom.ts'
import { drawDigit } from './pictures.ts'
import type { TestDigit } from './protocol.ts'

/** So many distinct numbers below `total`, at random. */
export function someIndices(n: number, total: number): readonly number[] {
  const chosen = new Set<number>()
  while (chosen.size < Math.min(n, total)) chosen.add(Math.floor(Math.random() * total))
  return [...chosen]
}

/** Shows them as buttons. */
export function showSamples(digits: readonly TestDigit[], pick: (digit: TestDigit) => void): void {
  byId('samples').replaceChildren(
    ...digits.map(digit => {
      const canvas = make('canvas', { className: 'ink', ariaHidden: 'true' })
      drawDigit(canvas, digit.pixels)
      const button = make('button', { type: 'button', ariaLabel: `Test digit ${digit.index}, a ${digit.label}` }, canvas)
      button.addEventListener('click', () => pick(digit))
      return make('li', {}, button)
    }),
  )
}
