// ConvolutionPlan of addon.ts: reads and checks one.
#pragma once
#include "convolutions.hpp"
#include "napi.hpp"

/** How many places a window has along an axis. */
inline int64_t placesOf(int64_t size, int64_t pad, int64_t window, int64_t stride, int64_t dilation) {
  const int64_t room = size + 2 * pad - (dilation * (window - 1) + 1);
  return room < 0 ? 0 : room / stride + 1;
}

/** A plan from JavaScript, whole and in bounds. */
inline ConvolutionShape toConvolutionShape(napi_env env, napi_value plan) {
  constexpr int64_t most = 0x7fffffff;
  const auto integer = [&](const char* name, int64_t least) { return int(toInteger(env, getProperty(env, plan, name), name, least, most)); };
  const auto choice = [&](const char* name, int64_t last) { return int(toInteger(env, getProperty(env, plan, name), name, 0, last)); };
  const auto truth = [&](const char* name) { return toBoolean(env, getProperty(env, plan, name), name); };
  const auto direction = ConvolutionDirection(choice("direction", 1));
  const int algorithms =
      direction == ConvolutionDirection::forward ? abi::CUDNN_CONVOLUTION_FWD_ALGO_COUNT : abi::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_COUNT;
  const ConvolutionShape shape{
    .direction = direction,
    .epilogue = ConvolutionEpilogue(choice("epilogue", 2)),
    .algorithm = choice("algorithm", algorithms - 1),
    .channelsLast = truth("channelsLast"),
    .tensorCores = truth("tensorCores"),
    .batch = integer("batch", 1),
    .channels = integer("channels", 1),
    .height = integer("height", 1),
    .width = integer("width", 1),
    .filters = integer("filters", 1),
    .kernelHeight = integer("kernelHeight", 1),
    .kernelWidth = integer("kernelWidth", 1),
    .groups = integer("groups", 1),
    .resultHeight = integer("resultHeight", 1),
    .resultWidth = integer("resultWidth", 1),
    .padHeight = integer("padHeight", 0),
    .padWidth = integer("padWidth", 0),
    .strideHeight = integer("strideHeight", 1),
    .strideWidth = integer("strideWidth", 1),
    .dilationHeight = integer("dilationHeight", 1),
    .dilationWidth = integer("dilationWidth", 1),
  };
  const auto& s = shape;
  require(s.isForward() || !s.hasBias(), "a gradient has no epilogue");
  require(s.channels % s.groups == 0 && s.filters % s.groups == 0, "the groups do not divide the channels");
  require(s.resultHeight == placesOf(s.height, s.padHeight, s.kernelHeight, s.strideHeight, s.dilationHeight) &&
              s.resultWidth == placesOf(s.width, s.padWidth, s.kernelWidth, s.strideWidth, s.dilationWidth),
          "the result has another size");
  // Refuses what is larger than any tensor.
  s.bytesImage(), s.bytesFilter(), s.bytesOutput();
  return shape;
}
