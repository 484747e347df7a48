/**
 * Sort: merging runs of 1, 2, 4, ... elements, a pass for each length. A fragment finds where its outputs begin in the two runs by bisection of
 * the merge path (Odeh, Green, Mwassi, Shmueli & Birk, "Merge path", 2012), so that rows of any length are sorted, stably. Sorted are keys whose
 * unsigned order is that of the elements, and with them the elements' places in their row; all buffers are gathered by these at the end.
 */
import { type BufferId, type ComputeDType, computeDType, type Sort } from '@cotangent/core/kernel'
import { fromTexel, glslType, noFloat64, toTexel } from '../glsl/types.ts'
import type { EmitContext, Pass, TextureId } from '../pass.ts'
import { sameTexel, Shader } from './shader.ts'

/** Keys and places of a pass. */
interface Pair {
  readonly keys: TextureId
  readonly places: TextureId
}

export function emitSort(context: EmitContext, kernel: Sort): readonly Pass[] {
  const { rows, length, inputs, outputs } = kernel
  if (rows * length === 0) return []
  const pair = (): Pair => {
    const layout = context.spec(inputs[0] as BufferId)
    const temporary = (dtype: ComputeDType): TextureId => context.temporary({ ...layout, dtype })
    return { keys: temporary('uint32'), places: temporary('int32') }
  }
  const passes: Pass[] = []
  let from = pair(),
    to = pair()
  passes.push(makeKeys(context, inputs[0] as BufferId, length, from))
  for (let run = 1; run < length; run *= 2) {
    passes.push(merge(context, from, to, run, length))
    ;[from, to] = [to, from]
  }
  const most = context.limits.targets
  for (let k = 0; k < outputs.length; k += most)
    passes.push(gather(context, from.places, inputs.slice(k, k + most), outputs.slice(k, k + most), length))
  return passes
}

/** The keys of four elements: NaN last, -0 equal to +0. */
function keyOf(dtype: ComputeDType, text: string): string {
  switch (dtype) {
    case 'float32':
      return `floatKey_4(${text})`
    case 'int32':
      return `(uvec4(${text}) ^ 0x80000000u)`
    case 'uint32':
      return text
    case 'bool':
      return `uvec4(${text})`
    case 'float64':
      return noFloat64()
  }
}

function makeKeys(context: EmitContext, input: BufferId, length: number, { keys, places }: Pair): Pass {
  const shader = new Shader(context),
    dtype = computeDType(context.spec(input).dtype)
  const element = fromTexel(dtype, 4, sameTexel(shader.sampler(input, false)))
  shader.uniform({ name: 'rowLength', type: 'int', value: length })
  const places4 = '(4 * targetTexel() + ivec4(0, 1, 2, 3)) % rowLength'
  return shader.pass('sort: keys', [keys, places], `void main() {\nout0 = ${keyOf(dtype, element)};\nout1 = ${places4};\n}\n`)
}

/**
 * Element e of the output is number d of a merged pair of runs: i from the first run, d - i from the second. The four outputs of a texel take
 * one step each, and bisect anew (in a loop of one round or none: SwiftShader goes through both sides of an `if`) where another pair begins.
 */
function merge(context: EmitContext, from: Pair, to: Pair, run: number, length: number): Pass {
  const shader = new Shader(context)
  const keys = shader.sampler(from.keys, true),
    places = shader.sampler(from.places, true)
  shader.uniform({ name: 'run', type: 'int', value: run })
  shader.uniform({ name: 'rowLength', type: 'int', value: length })
  const text = `
void main() {
  int a = 0, b = 0, aEnd = 0, bEnd = 0;
  uint aKey, bKey;
  uvec4 key;
  ivec4 place;
  for (int lane = 0; lane < 4; lane++) {
    for (int again = a == aEnd && b == bEnd ? 1 : 0; again > 0; again--) {
      int e = 4 * targetTexel() + lane, p = e % rowLength, d = p & (2 * run - 1);
      int aStart = e - d, bStart = aStart + min(run, rowLength - (p - d));
      aEnd = bStart;
      bEnd = aStart + min(2 * run, rowLength - (p - d));
      int low = max(0, d - (bEnd - bStart)), high = min(d, aEnd - aStart);
      while (low < high) {
        int middle = (low + high) >> 1;
        bool right = ${keys}_at(aStart + middle) <= ${keys}_at(bStart + d - 1 - middle);
        low = right ? middle + 1 : low;
        high = right ? high : middle;
      }
      a = aStart + low;
      b = bStart + d - low;
      aKey = ${keys}_at(a);
      bKey = ${keys}_at(b);
    }
    bool first = b == bEnd || (a < aEnd && aKey <= bKey);
    key[lane] = first ? aKey : bKey;
    place[lane] = ${places}_at(first ? a : b);
    a += first ? 1 : 0;
    b += first ? 0 : 1;
    uint next = ${keys}_at(first ? a : b);
    aKey = first ? next : aKey;
    bKey = first ? bKey : next;
  }
  out0 = key;
  out1 = place;
}
`
  return shader.pass('sort: merge', [to.keys, to.places], text)
}

function gather(context: EmitContext, places: TextureId, inputs: readonly BufferId[], outputs: readonly BufferId[], length: number): Pass {
  const shader = new Shader(context)
  shader.uniform({ name: 'rowLength', type: 'int', value: length })
  const place = sameTexel(shader.sampler(places, false))
  const assign = inputs.map((input, k) => {
    const { dtype } = context.spec(input),
      sampler = shader.sampler(input, true)
    const lanes = ['x', 'y', 'z', 'w'].map(l => `${sampler}_at(from.${l})`)
    return `out${k} = ${toTexel(dtype, 4, `${glslType(dtype, 4)}(${lanes.join(', ')})`)};`
  })
  const main = `void main() {\nivec4 e = 4 * targetTexel() + ivec4(0, 1, 2, 3);\nivec4 from = e - e % rowLength + ${place};\n${assign.join('\n')}\n}\n`
  return shader.pass('sort: gather', outputs, main)
}
