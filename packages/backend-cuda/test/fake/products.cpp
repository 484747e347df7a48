#include "products.hpp"

#include <cmath>
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

// A format of 16 bits: bits of its fraction, the exponent of its least normal number.
struct Half {
  int fraction, least;
  uint32_t infinity() const { return 0x7fffu & ~((1u << fraction) - 1); }
};
Half halfOf(Element element) { return element == R_16F ? Half{10, -14} : Half{7, -126}; }

double widened(uint16_t bits, Half half) {
  uint32_t size = bits & 0x7fffu, field = size >> half.fraction, rest = size & ((1u << half.fraction) - 1);
  if (size >= half.infinity()) return size > half.infinity() ? NAN : bits >> 15 ? -INFINITY : INFINITY;
  double value = std::ldexp(double(rest + (field > 0 ? 1u << half.fraction : 0u)), int(field > 0 ? field - 1 : 0) + half.least - half.fraction);
  return bits >> 15 ? -value : value;
}

// To the nearest, half to even.
uint16_t narrowed(double x, Half half) {
  uint32_t sign = std::signbit(x) ? 0x8000u : 0, size = half.infinity();
  if (x != x) return 0x7fff;
  if (std::isfinite(x)) {
    int exponent = std::max(x == 0 ? half.least : std::ilogb(x), half.least);
    if (exponent < 128) {
      double units = std::nearbyint(std::ldexp(std::fabs(x), half.fraction - exponent));
      size = std::min(size, (uint32_t(exponent - half.least) << half.fraction) + uint32_t(units));
    }
  }
  return uint16_t(sign | size);
}

template <class T> T elementAt(uint64_t address, int64_t index, Element element) {
  if (element == R_16F || element == R_16BF) return T(widened(reinterpret_cast<const uint16_t*>(address)[index], halfOf(element)));
  return reinterpret_cast<const T*>(address)[index];
}

template <class T> void setElement(uint64_t address, int64_t index, Element element, T value) {
  if (element == R_16F || element == R_16BF) reinterpret_cast<uint16_t*>(address)[index] = narrowed(value, halfOf(element));
  else reinterpret_cast<T*>(address)[index] = value;
}

template <class T> T operand(T x, Rounding rounding) {
  if constexpr (std::is_same_v<T, float>) return operandOf(x, rounding);
  return x;
}

// The matrix with its rows (or columns, where `transpose`) one after the other.
template <class T> std::vector<T> packed(const Panel& panel, Element element, size_t member, bool transpose, Rounding rounding) {
  int64_t from = static_cast<int64_t>(member) * panel.stride;
  std::vector<T> to(panel.rows * panel.columns);
  for (size_t column = 0; column < panel.columns; column++)
    for (size_t row = 0; row < panel.rows; row++)
      to[transpose ? row * panel.columns + column : column * panel.rows + row] = operand(elementAt<T>(panel.address, from + int64_t(column) * panel.leading + int64_t(row), element), rounding);
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

size_t bytesOf(Element element) { return element == R_64F ? 8 : element == R_32F ? 4 : 2; }

float operandOf(float x, Rounding rounding) {
  if (rounding == Rounding::tf32) return rounded(x, 13);
  return rounding == Rounding::bf16 ? rounded(x, 16) : x;
}

template <class T> void compute(const Product& p) {
  size_t rows = p.d.rows, terms = p.transposeA ? p.a.rows : p.a.columns;
  std::vector<T> sums(rows), part(rows);
  for (size_t member = 0; member < p.batch; member++) {
    auto a = packed<T>(p.a, p.operands, member, p.transposeA, p.rounding);    // [terms][rows]
    auto b = packed<T>(p.b, p.operands, member, p.transposeB, p.rounding);    // [columns][terms]
    int64_t index = static_cast<int64_t>(member), c = index * p.c.stride, bias = index * p.biasStride, d = index * p.d.stride;
    for (size_t j = 0; j < p.d.columns; j++) {
      column(sums, part, a.data(), b.data() + j * terms, terms, p.chunk);
      for (size_t i = 0; i < rows; i++) {
        T value = T(p.alpha) * sums[i];
        if (p.beta != 0) value += T(p.beta) * elementAt<T>(p.c.address, c + int64_t(j) * p.c.leading + int64_t(i), p.results);
        if (p.bias) value += elementAt<T>(p.biasAddress, bias + int64_t(i), p.results);
        if (p.relu && !(value > 0)) value = value != value ? value : T(0);
        setElement(p.d.address, d + int64_t(j) * p.d.leading + int64_t(i), p.results, value);
      }
    }
  }
}

template void compute<float>(const Product&);
template void compute<double>(const Product&);

}  // namespace fake
