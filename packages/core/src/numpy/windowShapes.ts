/** Windows as functions of the phase, which goes from 0 at the first sample to 1. */
const cosine = (phase: number, times = 1): number => Math.cos(2 * Math.PI * times * phase)

export const boxcarAt = (): number => 1
export const bartlettAt = (t: number): number => 1 - Math.abs(2 * t - 1)
export const hannAt = (t: number): number => 0.5 - 0.5 * cosine(t)
export const hammingAt = (t: number): number => 0.54 - 0.46 * cosine(t)
export const blackmanAt = (t: number): number => 0.42 - 0.5 * cosine(t) + 0.08 * cosine(t, 2)
