#include "convolutions.hpp"

namespace fake {

namespace {

const float* floats(uint64_t address) { return reinterpret_cast<const float*>(address); }

// Calls `visit` with the places of image, filter and output for each term of each sum.
template <class Visit> void eachTerm(const Convolution& c, Visit visit) {
  const Movement& m = c.movement;
  int64_t filters = c.filter.n / m.groups;
  for (int64_t n = 0; n < c.output.n; n++)
    for (int64_t k = 0; k < c.filter.n; k++)
      for (int64_t y = 0; y < c.output.h; y++)
        for (int64_t x = 0; x < c.output.w; x++)
          for (int64_t i = 0; i < c.filter.h; i++)
            for (int64_t j = 0; j < c.filter.w; j++) {
              int64_t row = y * m.strideH + i * m.dilationH - m.padH, column = x * m.strideW + j * m.dilationW - m.padW;
              if (row < 0 || row >= c.image.h || column < 0 || column >= c.image.w) continue;
              for (int64_t channel = 0; channel < c.filter.c; channel++)
                visit(c.image.at(n, k / filters * c.filter.c + channel, row, column), c.filter.at(k, channel, i, j), c.output.at(n, k, y, x));
            }
}

}  // namespace

void convolve(const Convolution& c) {
  const float *image = floats(c.imageAddress), *filter = floats(c.filterAddress), *bias = floats(c.biasAddress);
  float* output = reinterpret_cast<float*>(c.outputAddress);
  for (int64_t i = 0; i < c.output.size(); i++) output[i] = 0;
  eachTerm(c, [&](int64_t x, int64_t w, int64_t y) { output[y] += operandOf(image[x], c.rounding) * operandOf(filter[w], c.rounding); });
  if (bias == nullptr) return;
  for (int64_t i = 0; i < c.output.size(); i++) {
    float value = output[i] + bias[c.output.channelsLast ? i % c.output.c : i / (c.output.h * c.output.w) % c.output.c];
    output[i] = c.relu && value < 0 ? 0 : value;
  }
}

void convolveGradient(const Convolution& c) {
  const float *image = floats(c.imageAddress), *cotangent = floats(c.outputAddress);
  float* filter = reinterpret_cast<float*>(c.filterAddress);
  for (int64_t i = 0; i < c.filter.size(); i++) filter[i] = 0;
  eachTerm(c, [&](int64_t x, int64_t w, int64_t y) { filter[w] += operandOf(image[x], c.rounding) * operandOf(cotangent[y], c.rounding); });
}

}  // namespace fake
