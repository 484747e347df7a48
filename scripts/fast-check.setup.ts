import * as fc from 'fast-check'
import { inject } from 'vitest'

// Every property draws from one seed, printed at the start of a run; COTANGENT_SEED=N replays it.
// A failing property prints its own seed and path as well: pass both to fc.assert to replay that case alone.
// Shrinking a large graph can go on for many minutes, and Vitest does not interrupt synchronous tests: fast-check stops in time to report
// the smallest case so far within the time limit of a test. A property that is slow without failing draws fewer cases.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: inject('seed'), interruptAfterTimeLimit: 50_000 })
