/** Calls that come while one is running become one more, after it. So answers never pile up, and the last call counts. */
export function coalesce(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined,
    again = false
  const loop = async (): Promise<void> => {
    do {
      again = false
      await run()
    } while (again)
  }
  return () => {
    again = true
    running ??= loop().finally(() => (running = undefined))
    return running
  }
}
