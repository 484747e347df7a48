// What cublasLtMatmul computes: D = epilogue(alpha op(A) op(B) + beta C), matrices in columns.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fake {

// A matrix of each member of a batch. Distances in elements.
struct Panel {
  uint64_t address = 0;
  size_t rows = 0, columns = 0;
  int64_t leading = 0, stride = 0;
};

// How elements are stored: numbers of cudaDataType in library_types.h.
enum Element : uint32_t { R_32F = 0, R_64F = 1, R_16F = 2, R_16BF = 14 };
size_t bytesOf(Element element);

enum class Rounding { none, tf32, bf16 };
// A factor of a product as tensor cores see it.
float operandOf(float x, Rounding rounding);

struct Product {
  Panel a, b, c, d;
  Element operands = R_32F, results = R_32F;  // of a and b; of c, d and the bias
  bool transposeA = false, transposeB = false;
  size_t batch = 1;
  double alpha = 1, beta = 0;
  bool bias = false, relu = false;
  uint64_t biasAddress = 0;
  int64_t biasStride = 0;
  Rounding rounding = Rounding::none;  // of the operands' fractions
  size_t chunk = 16;                   // so many terms are added up before they join the sum: algorithms differ in it
};

template <class T> void compute(const Product& product);
extern template void compute<float>(const Product&);
extern template void compute<double>(const Product&);

}  // namespace fake
