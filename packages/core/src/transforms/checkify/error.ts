/** What a checked function returns beside its result: whether a check failed, as a tree of tensors, so that it goes through jit, vmap and scan. */
import { fail } from '../../errors.ts'
import { checkMessage } from '../../primitives/check.ts'
import { fromHost } from '../../backend/execute.ts'
import type { Tensor } from '../../tensor.ts'
import { type Static, type TreeNode, flatten, staticValue } from '../../tree.ts'

/** A place in a program where a check is made. */
export interface Site {
  /** With a place `{}` for each value. */
  readonly message: string
  readonly line: string | null
  /** How many values it has. */
  readonly values: number
}

/** The error of a checked call. Nothing is thrown until `throw()`. */
export class CheckedError implements TreeNode<CheckedError> {
  /** 0: no check failed; k: that of site k - 1. With more axes under vmap. */
  private readonly code: Tensor
  /** The values of all sites' messages. */
  private readonly values: readonly Tensor[]
  private readonly sites: readonly Site[]

  constructor(code: Tensor, values: readonly Tensor[], sites: readonly Site[]) {
    this.code = code
    this.values = values
    this.sites = sites
  }

  /** The message of the first check that failed; null if all held. Of a batch, the first example's that failed. JAX: `err.get()`. */
  get(): string | null {
    const codes = this.code.dataSync()
    const example = codes.findIndex(c => c !== 0)
    if (example < 0) return null
    const which = (codes[example] as number) - 1
    const site = this.sites[which] as Site
    const from = this.sites.slice(0, which).reduce((n, s) => n + s.values, 0)
    const values = this.values.slice(from, from + site.values).map(v => {
      const size = v.size / codes.length
      return fromHost(v.dataSync().slice(example * size, (example + 1) * size), v.shape.slice(this.code.ndim), v.dtype)
    })
    return checkMessage(site.message, values, site.line)
  }
  /** Throws a CheckError with that message, if a check failed. JAX: `err.throw()`. */
  throw(): void {
    const message = this.get()
    if (message !== null) fail('CheckError', message)
  }
  [flatten](): readonly [readonly unknown[], (children: readonly unknown[]) => CheckedError] {
    return [
      [this.code, this.values, staticValue(this.sites)],
      ([code, values, sites]) => new CheckedError(code as Tensor, values as readonly Tensor[], (sites as Static<readonly Site[]>).value),
    ]
  }
}
