/** Debug modes that users switch on and off. */
import { type IndexCheck, setTraceModes } from '../program/modes.ts'

/** Puts a mode back to what it was: by `using`, or by a call of its method. */
export interface ModeSwitch {
  [Symbol.dispose](): void
}

let checks: IndexCheck | null = null
const on = { nans: false, indices: false, keys: false, tracers: false }
export type DebugMode = keyof typeof on

/** Switches a mode; `apply` is told when it changes. */
export function switchMode(mode: DebugMode, enabled: boolean, apply: (enabled: boolean) => void): ModeSwitch {
  const before = on[mode]
  const set = (value: boolean): void => {
    if (on[mode] === value) return
    on[mode] = value
    apply(value)
    setTraceModes({ lines: on.nans || on.indices, indices: on.indices ? checks : null, plain: on.keys })
  }
  set(enabled)
  return { [Symbol.dispose]: () => set(before) }
}

/** What `debugIndices` inserts; here rather than there, so that only who calls it bundles it. */
export function setIndexCheck(check: IndexCheck): void {
  checks = check
}
