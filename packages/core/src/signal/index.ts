/** Frames, windows and spectra of sequences: what users of `scipy.signal`, `tf.signal` and librosa expect. */
export { frame, overlapAndAdd } from './frame.ts'
export { melFilterbank, type MelOptions } from './mel.ts'
export { istft, stft, type StftOptions } from './stft.ts'
export { getWindow, type WindowName } from './windows.ts'
