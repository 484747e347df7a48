/**
 * Where the taps of a row are next to the channels in image and filter, and nothing is padded, core has made one axis of both: cuDNN wants to know
 * them apart.
 */
import { type Affine, type Contraction, mapAffines, strideAt, uses } from '@cotangent/core/kernel'

/** Steps of a window that are tried. */
const mostSteps = 4

/** With taps and channels apart, if they may be one axis. */
export function splitChannels(c: Contraction): Contraction | undefined {
  const { a, b, extents, parallel } = c,
    isGuarded = (k: number): boolean => (a.guards ?? []).some(g => strideAt(g.index, k) !== 0)
  const isSide = (k: number): boolean => uses(a, k) && (k >= parallel || !uses(b, k)),
    both = extents.findIndex((_, k) => isSide(k) && strideAt(a.map, k) === 1 && !isGuarded(k))
  if (both < 0) return undefined
  const length = extents[both] as number
  // Windows that overlap are longer than a step. The pixels, along an axis of the other kind, are a whole number of channels apart.
  const moving = extents.flatMap((_, k) => (isSide(k) && k >= parallel !== both >= parallel && !isGuarded(k) ? [strideAt(a.map, k)] : []))
  for (const distance of moving.filter(d => d < length).toSorted((x, y) => x - y))
    for (let steps = 1; steps <= mostSteps; steps++) {
      const channels = distance / steps
      if (Number.isInteger(channels) && channels > 1 && length % channels === 0) return split(c, both, channels)
    }
  return undefined
}

/** Axis `k` as two, the inner one of `inner` points. */
function split(c: Contraction, k: number, inner: number): Contraction {
  const apart = (map: Affine): Affine =>
    k < map.strides.length ? { ...map, strides: map.strides.flatMap((s, i) => (i === k ? [s * inner, s] : [s])) } : map
  const extents = c.extents.flatMap((n, i) => (i === k ? [n / inner, inner] : [n]))
  return mapAffines(c, extents, c.parallel + (k < c.parallel ? 1 : 0), apart, apart)
}
