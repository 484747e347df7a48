/** Occupancy of a multiprocessor of compute capability 9.0 (CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"). */

const WARPS = 64
const BLOCKS = 32
const REGISTERS = 65_536
/** Registers are given to warps in units of this. */
const UNIT = 256
const SHARED = 228 * 1024
/** Of each block, for the system. */
const RESERVED = 1024

/** The part of a multiprocessor's warps that can be resident, if there are enough blocks. */
export function occupancy(threads: number, { registers, shared }: { readonly registers: number; readonly shared: number }): number {
  const warps = Math.ceil(threads / 32),
    warpRegisters = Math.ceil((32 * registers) / UNIT) * UNIT
  const blocks = Math.min(
    BLOCKS,
    Math.floor(WARPS / warps),
    Math.floor(Math.floor(REGISTERS / warpRegisters) / warps),
    Math.floor(SHARED / (shared + RESERVED)),
  )
  return (blocks * warps) / WARPS
}
