/** What users of `numpy.fft` expect, on pairs of real tensors. Linear, so that derivatives are transforms again. */
export type { Complex, ComplexLike } from './complex.ts'
export { fft, type FftOptions, ifft, irfft, rfft } from './fft.ts'
export { fftfreq, fftshift, ifftshift, rfftfreq, type FrequencyOptions, type ShiftOptions } from './frequencies.ts'
