/** `debug`: looking into functions that are traced. */
export type { NamedValues } from '../template.ts'
export { callback, print } from '../transforms/callback.ts'
