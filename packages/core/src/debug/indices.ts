/** debugIndices: index tensors that are out of range. */
import { insertIndexChecks } from '../primitives/indexChecks.ts'
import { type ModeSwitch, setIndexCheck, switchMode } from './switch.ts'

/**
 * From now on an index tensor that is out of range throws a CheckError with the index, the axis and the user's line, where it would read a fill value, or write
 * nothing: in `x.at(...)`, `take`, `takeAlongAxis`, `putAlongAxis`, `lax.gather` and the scatters, unless the call says what it wants by `mode` or
 * `fillValue`. Compiled functions are traced again with the checks. Under `checkify` use `errors: ['index']`.
 *
 * @example
 * using _ = debugIndices()
 */
export function debugIndices(enabled = true): ModeSwitch {
  return switchMode('indices', enabled, () => setIndexCheck(insertIndexChecks))
}
