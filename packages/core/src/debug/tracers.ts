/** debugTracers: the lines of all traced values. */
import { recordOrigins } from '../program/bind.ts'
import { type ModeSwitch, switchMode } from './switch.ts'

/**
 * From now on errors about traced values of `grad`, `jvp` and `vmap` tell the user's line that made the value, as those about values of `jit` and
 * control flow always do. Operations inside these transforms take some microseconds longer.
 *
 * @example
 * using _ = debugTracers()
 */
export function debugTracers(enabled = true): ModeSwitch {
  return switchMode('tracers', enabled, recordOrigins)
}
