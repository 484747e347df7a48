// What cuDNN's convolutions compute, by their definition.
#pragma once
#include <cstdint>

#include "products.hpp"

namespace fake {

// A tensor of four axes by cuDNN's names: n images or filters of c channels. Strides in elements.
struct Tensor {
  bool channelsLast = false;
  int64_t n = 0, c = 0, h = 0, w = 0;

  int64_t size() const { return n * c * h * w; }
  int64_t at(int64_t in, int64_t ic, int64_t ih, int64_t iw) const {
    return channelsLast ? ((in * h + ih) * w + iw) * c + ic : ((in * c + ic) * h + ih) * w + iw;
  }
};

struct Movement {
  int64_t padH, padW, strideH, strideW, dilationH, dilationW, groups = 1;
};

struct Convolution {
  Tensor image, filter, output;
  Movement movement;
  Rounding rounding = Rounding::none;
  uint64_t imageAddress = 0, filterAddress = 0, outputAddress = 0;
  uint64_t biasAddress = 0;  // 0: none
  bool relu = false;
};

// output = convolution of image with filter, and what is added to it.
void convolve(const Convolution& c);
// filter = gradient of the filter, output being the result's cotangent.
void convolveGradient(const Convolution& c);

}  // namespace fake
