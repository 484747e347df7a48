/** C's fmod, exact: long division of the significands, eight bits of the quotient at a time. */
import { type Functions, NOT_A_NUMBER, perLane } from './template.ts'

export const remainder: Functions = {
  fmod: perLane(
    'fmod',
    2,
    `
float fmod_1(float x, float y) {
  uint ux = floatBitsToUint(x) & 0x7fffffffu, uy = floatBitsToUint(y) & 0x7fffffffu;
  if (ux >= 0x7f800000u || uy > 0x7f800000u || uy == 0u) return ${NOT_A_NUMBER};
  if (ux < uy) return x;
  int ex = max(int(ux >> 23), 1), ey = max(int(uy >> 23), 1);
  uint mx = ux < 0x800000u ? ux : (ux & 0x7fffffu) | 0x800000u;
  uint my = uy < 0x800000u ? uy : (uy & 0x7fffffu) | 0x800000u;
  mx %= my;
  for (int left = ex - ey; left > 0; left -= 8) mx = (mx << min(left, 8)) % my;
  uint u = mx == 0u ? 0u : floatBitsToUint(float(mx));
  int e = int(u >> 23) + ey - 150;
  uint size = mx == 0u ? 0u : e > 0 ? (u & 0x7fffffu) | (uint(e) << 23) : mx << (ey - 1);
  return uintBitsToFloat(size | (floatBitsToUint(x) & 0x80000000u));
}`,
  ),
}
