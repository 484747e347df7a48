/**
 * Threefry-2x32 with 20 rounds: a counter-based generator. A key of two words turns a counter of two words into two random words.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */

/** Arithmetic on 32-bit words: numbers, or nodes of a kernel. */
export interface WordArithmetic<W> {
  constant(value: number): W
  add(a: W, b: W): W
  xor(a: W, b: W): W
  rotateLeft(a: W, bits: number): W
}

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const
/** Makes the third key word differ from zero for the zero key. */
const parity = 0x1bd11bda

export function threefry2x32<W>(w: WordArithmetic<W>, key: readonly [W, W], counter: readonly [W, W]): [W, W] {
  const keys = [...key, w.xor(w.xor(...key), w.constant(parity))] as const
  let x = w.add(counter[0], keys[0]),
    y = w.add(counter[1], keys[1])
  for (let group = 0; group < 5; group++) {
    for (const bits of rotations[group % 2] as readonly number[]) {
      x = w.add(x, y)
      y = w.xor(w.rotateLeft(y, bits), x)
    }
    x = w.add(x, keys[(group + 1) % 3] as W)
    y = w.add(w.add(y, keys[(group + 2) % 3] as W), w.constant(group + 1))
  }
  return [x, y]
}

/** Words as JavaScript numbers in [0, 2^32). */
export const numberWords: WordArithmetic<number> = {
  constant: v => v,
  add: (a, b) => (a + b) >>> 0,
  xor: (a, b) => (a ^ b) >>> 0,
  rotateLeft: (a, bits) => ((a << bits) | (a >>> (32 - bits))) >>> 0,
}
