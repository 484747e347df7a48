#include "products.hpp"

#include <cstring>
#include <type_traits>
#include <vector>

namespace fake {

namespace {

// To `bits` fewer bits of fraction, half to even; infinities stay, NaN stays NaN.
float rounded(float x, unsigned bits) {
  uint32_t word;
  std::memcpy(&word, &x, 4);
  if ((word & 0x7f800000u) == 0x7f800000u) return x;
  uint32_t half = 1u << (bits - 1), odd = (word >> bits) & 1;
  word = (word + half - 1 + odd) & ~((1u << bits) - 1);
  std::memcpy(&x, &word, 4);
  return x;
}

template <class T> T operand(T x, Rounding rounding) {
  if constexpr (std::is_same_v<T, float>) return operandOf(x, rounding);
  return x;
}

// The matrix with its rows (or columns, where `transpose`) one after the other.
template <class T> std::vector<T> packed(const Panel& panel, size_t member, bool transpose, Rounding rounding) {
  const T* from = reinterpret_cast<const T*>(panel.address) + static_cast<int64_t>(member) * panel.stride;
  std::vector<T> to(panel.rows * panel.columns);
  for (size_t column = 0; column < panel.columns; column++)
    for (size_t row = 0; row < panel.rows; row++)
      to[transpose ? row * panel.columns + column : column * panel.rows + row] = operand(from[column * panel.leading + row], rounding);
  return to;
}

// sums[i] = the sum over k of a[k][i] b[k], in chunks.
template <class T> void column(std::vector<T>& sums, std::vector<T>& part, const T* a, const T* b, size_t terms, size_t chunk) {
  size_t rows = sums.size();
  std::fill(sums.begin(), sums.end(), T(0));
  for (size_t from = 0; from < terms; from += chunk) {
    std::fill(part.begin(), part.end(), T(0));
    for (size_t k = from; k < std::min(terms, from + chunk); k++)
      for (size_t i = 0; i < rows; i++) part[i] += a[k * rows + i] * b[k];
    for (size_t i = 0; i < rows; i++) sums[i] += part[i];
  }
}

}  // namespace

float operandOf(float x, Rounding rounding) {
  if (rounding == Rounding::tf32) return rounded(x, 13);
  return rounding == Rounding::bf16 ? rounded(x, 16) : x;
}

template <class T> void compute(const Product& p) {
  size_t rows = p.d.rows, terms = p.transposeA ? p.a.rows : p.a.columns;
  std::vector<T> sums(rows), part(rows);
  for (size_t member = 0; member < p.batch; member++) {
    auto a = packed<T>(p.a, member, p.transposeA, p.rounding);    // [terms][rows]
    auto b = packed<T>(p.b, member, p.transposeB, p.rounding);    // [columns][terms]
    const T* c = reinterpret_cast<const T*>(p.c.address) + static_cast<int64_t>(member) * p.c.stride;
    const T* bias = reinterpret_cast<const T*>(p.biasAddress) + static_cast<int64_t>(member) * p.biasStride;
    T* d = reinterpret_cast<T*>(p.d.address) + static_cast<int64_t>(member) * p.d.stride;
    for (size_t j = 0; j < p.d.columns; j++) {
      column(sums, part, a.data(), b.data() + j * terms, terms, p.chunk);
      for (size_t i = 0; i < rows; i++) {
        T value = T(p.alpha) * sums[i];
        if (p.beta != 0) value += T(p.beta) * c[j * p.c.leading + i];
        if (p.bias) value += bias[i];
        if (p.relu && !(value > 0)) value = value != value ? value : T(0);
        d[j * p.d.leading + i] = value;
      }
    }
  }
}

template void compute<float>(const Product&);
template void compute<double>(const Product&);

}  // namespace fake
