/**
 * Four neighbouring elements in one access: `load4_T(v, p)` and `store4_T(p, v)`, `v` an array of four values. `p` is aligned to four elements.
 * Floats and integers move 16 bytes, doubles twice 16, bools 4.
 */

const quad = (suffix: string, type: string, vector: string): string => `DEVICE void load4_${suffix}(${type}* v, const ${type}* p) {
  ${vector} x;
  check_aligned(p, 16);
  x = *(const ${vector}*)p;
  v[0] = x.x; v[1] = x.y; v[2] = x.z; v[3] = x.w;
}
DEVICE void store4_${suffix}(${type}* p, const ${type}* v) {
  ${vector} x;
  check_aligned(p, 16);
  x.x = v[0]; x.y = v[1]; x.z = v[2]; x.w = v[3];
  *(${vector}*)p = x;
}`

export const vectors: string = `${quad('f32', 'float', 'float4')}
${quad('i32', 'int', 'int4')}
${quad('u32', 'unsigned', 'uint4')}
DEVICE void load4_f64(double* v, const double* p) {
  double2 x, y;
  check_aligned(p, 16);
  x = ((const double2*)p)[0];
  y = ((const double2*)p)[1];
  v[0] = x.x; v[1] = x.y; v[2] = y.x; v[3] = y.y;
}
DEVICE void store4_f64(double* p, const double* v) {
  double2 x, y;
  check_aligned(p, 16);
  x.x = v[0]; x.y = v[1]; y.x = v[2]; y.y = v[3];
  ((double2*)p)[0] = x;
  ((double2*)p)[1] = y;
}
DEVICE void load4_b8(int* v, const unsigned char* p) {
  unsigned x;
  check_aligned(p, 4);
  x = *(const unsigned*)p;
  v[0] = (int)(x & 255u); v[1] = (int)(x >> 8 & 255u); v[2] = (int)(x >> 16 & 255u); v[3] = (int)(x >> 24);
}
DEVICE void store4_b8(unsigned char* p, const int* v) {
  check_aligned(p, 4);
  *(unsigned*)p = (unsigned)v[0] | (unsigned)v[1] << 8 | (unsigned)v[2] << 16 | (unsigned)v[3] << 24;
}
`
