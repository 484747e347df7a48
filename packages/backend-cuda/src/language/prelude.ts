/** The first part of every program. See prelude/machine.ts for what it leaves to the emulation of tests. */
import { machine } from './prelude/machine.ts'
import { scalar } from './prelude/scalar.ts'
import { stored } from './prelude/stored.ts'
import { vectors } from './prelude/vectors.ts'

export const prelude: string = `${machine}${vectors}${stored}${scalar}`
