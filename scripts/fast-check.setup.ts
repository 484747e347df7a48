import * as fc from 'fast-check'
import { inject } from 'vitest'

// Every property draws from one seed, printed at the start of a run; COTANGENT_SEED=N replays it.
// A failing property prints its own seed and path as well: pass both to fc.assert to replay that case alone.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: inject('seed') })
