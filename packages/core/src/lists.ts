/** Lists of numbers and of anything, as rules on shapes need them. */

/** `start, start + 1, ...`: `length` integers. */
export const range = (start: number, length: number): number[] => Array.from({ length }, (_, i) => start + i)

/** An element that is known to be there. */
export const nth = <T>(list: readonly T[], k: number): T => list[k] as T
