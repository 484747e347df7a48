/** debugKeys: random keys that are used twice, and so give the same numbers twice. */
import { fail } from '../errors.ts'
import { observeKeys } from '../random/key.ts'
import type { Tensor } from '../tensor.ts'
import { pathOf, showLine, trail, userLineOf } from '../userLine.ts'
import { type ModeSwitch, switchMode } from './switch.ts'

/**
 * From now on a key that is used twice throws a CheckError with both of the user's lines: by two draws, by a draw and `split`, or by the same draw in
 * a loop. `foldIn` with different data may be called as often as one likes. Concrete keys are compared by their numbers, so that the same seed
 * counts as the same key; keys that are traced, by identity. Functions made by `jit` run as they are, since compiled draws cannot be seen: this
 * is slow. Bodies of control flow and of `vmap` count as one use. JAX: `debug_key_reuse`.
 *
 * @example
 * using _ = debugKeys() // until the end of the block; or debugKeys(), and debugKeys(false) later
 */
export function debugKeys(enabled = true): ModeSwitch {
  return switchMode('keys', enabled, on => {
    const book = new Uses()
    observeKeys(on ? (where, words) => book.add(where, words) : null)
  })
}

interface Use {
  readonly where: string
  /** The user's line, as text. */
  readonly line: string
  /** From that line into the library: a sampler uses its key by several ways, a loop comes the same way again. */
  readonly path: string
}

const derives = ({ where }: Use): boolean => where === 'foldIn'

/** Are both uses of one key, `later` the second, a mistake? */
const conflicts = (use: Use, later: Use): boolean =>
  !(derives(use) && derives(later)) && (use.line !== later.line || (use.path === later.path && !derives(later)))

/** Keys that are remembered by their numbers; the oldest go first. */
const KEPT = 100_000
/** Frames from the user's line to the key. */
const DEPTH = 60

class Uses {
  private readonly traced = new WeakMap<Tensor, Use[]>()
  private readonly concrete = new Map<string, Use[]>()

  add(where: string, words: Tensor): void {
    const here = trail(DEPTH),
      line = userLineOf(here)
    if (line === undefined)
      fail(
        'CheckError',
        'debugKeys: the lines of the program cannot be told from those of the library, in a bundle of one file. Use it unbundled.',
      )
    const use: Use = { where, line: showLine(line), path: pathOf(here) }
    const uses = this.of(words)
    const first = uses.find(u => conflicts(u, use))
    if (first !== undefined)
      fail(
        'CheckError',
        `debugKeys: random.${where} uses a key that random.${first.where} has used, at ${first.line}, and gives the same numbers again. Make one for each: const [a, b] = random.split(key).`,
      )
    uses.push(use)
  }

  private of(words: Tensor): Use[] {
    const known = 'trace' in words.value ? this.traced.get(words) : this.concrete.get(words.dataSync().join())
    const uses = known ?? []
    if (known === undefined) this.remember(words, uses)
    return uses
  }

  private remember(words: Tensor, uses: Use[]): void {
    if ('trace' in words.value) this.traced.set(words, uses)
    else this.concrete.set(words.dataSync().join(), uses)
    if (this.concrete.size > KEPT) this.concrete.delete(this.concrete.keys().next().value as string)
  }
}
