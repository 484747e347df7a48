/** Ctrl-C as a value. */

/** Ends a run between two steps: `fit(..., { signal: interruption() })`. */
export interface Interruption extends AbortSignal {
  /** Gives the signals back to Node. */
  [Symbol.dispose](): void
}

/**
 * An AbortSignal that the first SIGINT or SIGTERM aborts, so that `fit` writes its checkpoint and returns. A second one ends the process as usual.
 */
export function interruption(names: readonly ('SIGINT' | 'SIGTERM' | 'SIGHUP')[] = ['SIGINT', 'SIGTERM']): Interruption {
  const controller = new AbortController()
  const stop = (): void => names.forEach(name => process.off(name, interrupt))
  const interrupt = (name: NodeJS.Signals): void => {
    stop()
    controller.abort(name)
  }
  for (const name of names) process.on(name, interrupt)
  return Object.assign(controller.signal, { [Symbol.dispose]: stop })
}
