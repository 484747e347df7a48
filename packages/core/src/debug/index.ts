/** `debug`: looking into functions that are traced. */
export { callback, print, type NamedValues } from '../transforms/callback.ts'
