/**
 * What sorts move: items, each a key with its place in the row. Places break ties, so that no two items are equal and any correct sort is
 * stable. Keys are unsigned integers in the order of the elements, with -0 equal to +0 and NaN last.
 */
import type { BufferSpec, ComputeDType } from '@cotangent/core/kernel'

/** Items of 32-bit keys, in one 64-bit word, or of 64-bit keys, in two. */
export interface ItemKind {
  /** The C type, and the first part of the names of its functions: `of(key, place)`, `place`, `less(x, y)`, `last()`, `path`. */
  readonly name: 'narrow' | 'wide'
  /** 64-bit words of an item. */
  readonly words: 1 | 2
  /** Items that a block sorts or merges in shared memory: 16 KiB. */
  readonly tile: number
  readonly functions: readonly string[]
}

/** How many of the `d` least items of two sorted lists are from the first (Odeh, Green, Mwassi, Shmueli & Birk, "Merge path", 2012). */
const path = (name: string): string => `DEVICE int ${name}_path(const ${name}* a, int na, const ${name}* b, int nb, int d) {
  int low = d > nb ? d - nb : 0, high = d < na ? d : na;
  while (low < high) {
    const int middle = (low + high) >> 1;
    if (${name}_less(b[d - 1 - middle], a[middle])) high = middle;
    else low = middle + 1;
  }
  return low;
}
`

const narrowFunctions = `typedef unsigned long long narrow;
DEVICE narrow narrow_of(unsigned key, int place) { return (narrow)key << 32 | (unsigned)place; }
DEVICE unsigned narrow_key(narrow x) { return (unsigned)(x >> 32); }
DEVICE int narrow_place(narrow x) { return (int)(unsigned)x; }
DEVICE int narrow_less(narrow x, narrow y) { return x < y; }
DEVICE narrow narrow_last(void) { return ~0ull; }
DEVICE unsigned sort_key_f32(float x) {
  const unsigned b = x == 0.0f ? 0u : float_as_uint(x);
  return x != x ? 0xffffffffu : b >> 31 ? ~b : b | 0x80000000u;
}
${path('narrow')}`

const wideFunctions = `typedef struct { unsigned long long key; long long place; } wide;
DEVICE wide wide_of(unsigned long long key, int place) { wide x; x.key = key; x.place = place; return x; }
DEVICE int wide_place(wide x) { return (int)x.place; }
DEVICE int wide_less(wide x, wide y) { return x.key < y.key || (x.key == y.key && x.place < y.place); }
DEVICE wide wide_last(void) { wide x; x.key = ~0ull; x.place = 0x7fffffffffffffffll; return x; }
DEVICE unsigned long long sort_key_f64(double x) {
  const unsigned long long b = x == 0.0 ? 0ull : (unsigned long long)double_as_longlong(x);
  return x != x ? ~0ull : b >> 63 ? ~b : b | 0x8000000000000000ull;
}
${path('wide')}`

export const narrow: ItemKind = { name: 'narrow', words: 1, tile: 2048, functions: [narrowFunctions] }
const wide: ItemKind = { name: 'wide', words: 2, tile: 1024, functions: [wideFunctions] }

export const itemKindOf = (dtype: ComputeDType): ItemKind => (dtype === 'float64' ? wide : narrow)

/** The key of an element, an expression. */
export function keyOf(dtype: ComputeDType, text: string): string {
  switch (dtype) {
    case 'float32':
      return `sort_key_f32(${text})`
    case 'float64':
      return `sort_key_f64(${text})`
    case 'int32':
      return `((unsigned)${text} ^ 0x80000000u)`
    case 'uint32':
    case 'bool':
      return `(unsigned)${text}`
  }
}

/** Memory for `count` items. */
export const itemMemory = ({ words }: ItemKind, count: number): BufferSpec => ({ dtype: 'float64', size: words * count })
