/** What the config passes to tests: `inject('seed')`. */
import type { Driver } from './browser.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of all properties of this run. */
    seed: number
    /** The graphics driver that a test in a browser should meet. */
    driver: Driver
  }
}
