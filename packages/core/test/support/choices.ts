import * as fc from 'fast-check'

/**
 * A source of choices for generators whose later draws depend on earlier ones. The choices are an array of integers drawn by fast-check;
 * past its end every choice is 0, so that shrinking the array gives smaller and simpler structures (the idea is Hypothesis').
 */
export class Choices {
  readonly #values: readonly number[]
  #next = 0

  constructor(values: readonly number[]) {
    this.#values = values
  }

  /** 0 <= result < n */
  below(n: number): number {
    return (this.#values[this.#next++] ?? 0) % n
  }

  /** min <= result <= max */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1)
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  /** The next `count` choices, apart: each call of the result begins with the first of them, for functions that are traced more than once. */
  reserve(count: number): () => Choices {
    const part = this.#values.slice(this.#next, this.#next + count)
    this.#next += count
    return () => new Choices(part)
  }

  /** True in about `percent` of 100 cases; false when choices have run out. */
  chance(percent: number): boolean {
    return this.below(100) >= 100 - percent
  }
}

/** What `draw` makes of random choices. */
export const arbChoices = <T>(draw: (choices: Choices) => T): fc.Arbitrary<T> =>
  fc.noBias(fc.array(fc.integer({ min: 0, max: 0x3fffffff }), { maxLength: 1200, size: 'max' })).map(values => draw(new Choices(values)))
