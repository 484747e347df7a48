// Convolutions by cuDNN: a plan holds descriptors and the size of the workspace.
#pragma once
#include <memory>
#include <optional>

#include "descriptors.hpp"
#include "handles.hpp"
#include "memory.hpp"

enum class ConvolutionDirection { forward, filter };
enum class ConvolutionEpilogue { none, bias, biasRelu };

/** ConvolutionPlan of addon.ts. */
struct ConvolutionShape {
  ConvolutionDirection direction;
  ConvolutionEpilogue epilogue;
  /** cudnnConvolutionFwdAlgo_t or cudnnConvolutionBwdFilterAlgo_t. */
  int algorithm;
  bool channelsLast, tensorCores;
  int batch, channels, height, width;
  int filters, kernelHeight, kernelWidth, groups;
  int resultHeight, resultWidth;
  int padHeight, padWidth, strideHeight, strideWidth, dilationHeight, dilationWidth;

  bool isForward() const { return direction == ConvolutionDirection::forward; }
  bool hasBias() const { return epilogue != ConvolutionEpilogue::none; }
  int format() const { return channelsLast ? abi::CUDNN_TENSOR_NHWC : abi::CUDNN_TENSOR_NCHW; }

  uint64_t bytesImage() const { return bytes(batch, channels, height, width); }
  uint64_t bytesFilter() const { return bytes(filters, channels / groups, kernelHeight, kernelWidth); }
  uint64_t bytesOutput() const { return bytes(batch, filters, resultHeight, resultWidth); }
  uint64_t bytesBias() const { return hasBias() ? bytes(filters, 1, 1, 1) : 0; }

 private:
  /** cuDNN counts elements in 31 bits. */
  static uint64_t bytes(int a, int b, int c, int d) {
    constexpr __int128 most = 0x7fffffff;
    const __int128 elements = __int128(a) * b, all = elements * c;
    require(elements <= most && all <= most && all * d <= most, "a tensor of a convolution has more than 2^31 - 1 elements");
    return uint64_t(all * d) * sizeof(float);
  }
};

class TensorDescriptor : public Descriptor<abi::cudnnTensor> {
 public:
  TensorDescriptor(const Cudnn& cudnn, int format, int batch, int channels, int height, int width)
      : Descriptor(cudnn, cudnn.cudnnCreateTensorDescriptor, cudnn.cudnnDestroyTensorDescriptor) {
    cudnn(cudnn.cudnnSetTensor4dDescriptor, *this, format, int(abi::CUDNN_DATA_FLOAT), batch, channels, height, width);
  }
};

class FilterDescriptor : public Descriptor<abi::cudnnFilter> {
 public:
  FilterDescriptor(const Cudnn& cudnn, const ConvolutionShape& s)
      : Descriptor(cudnn, cudnn.cudnnCreateFilterDescriptor, cudnn.cudnnDestroyFilterDescriptor) {
    cudnn(cudnn.cudnnSetFilter4dDescriptor, *this, int(abi::CUDNN_DATA_FLOAT), s.format(), s.filters, s.channels / s.groups,
          s.kernelHeight, s.kernelWidth);
  }
};

class MovementDescriptor : public Descriptor<abi::cudnnConvolution> {
 public:
  MovementDescriptor(const Cudnn& cudnn, const ConvolutionShape& s)
      : Descriptor(cudnn, cudnn.cudnnCreateConvolutionDescriptor, cudnn.cudnnDestroyConvolutionDescriptor) {
    cudnn(cudnn.cudnnSetConvolution2dDescriptor, *this, s.padHeight, s.padWidth, s.strideHeight, s.strideWidth, s.dilationHeight,
          s.dilationWidth, int(abi::CUDNN_CROSS_CORRELATION), int(abi::CUDNN_DATA_FLOAT));
    cudnn(cudnn.cudnnSetConvolutionGroupCount, *this, s.groups);
    // The default permits TF32 where the device has it, and nothing less exact.
    cudnn(cudnn.cudnnSetConvolutionMathType, *this, int(s.tensorCores ? abi::CUDNN_DEFAULT_MATH : abi::CUDNN_FMA_MATH));
  }
};

class ActivationDescriptor : public Descriptor<abi::cudnnActivation> {
 public:
  ActivationDescriptor(const Cudnn& cudnn, bool relu)
      : Descriptor(cudnn, cudnn.cudnnCreateActivationDescriptor, cudnn.cudnnDestroyActivationDescriptor) {
    cudnn(cudnn.cudnnSetActivationDescriptor, *this, int(relu ? abi::CUDNN_ACTIVATION_RELU : abi::CUDNN_ACTIVATION_IDENTITY),
          int(abi::CUDNN_PROPAGATE_NAN), 0.0);
  }
};

/** Device addresses of one convolution: an image and a filter, or an image and the cotangent of its result. */
struct ConvolutionOperands {
  uint64_t image, other, result, bias, workspace;
};

class Convolution {
 public:
  /** cuDNN's answer to what it cannot do is a Failure. */
  Convolution(const Cudnn& cudnn, abi::cudnnHandle handle, const ConvolutionShape& shape)
      : shape(shape), cudnn(cudnn), handle(handle),
        image(cudnn, shape.format(), shape.batch, shape.channels, shape.height, shape.width), filter(cudnn, shape),
        output(cudnn, shape.format(), shape.batch, shape.filters, shape.resultHeight, shape.resultWidth), movement(cudnn, shape) {
    if (shape.hasBias()) {
      bias.emplace(cudnn, shape.format(), 1, shape.filters, 1, 1);
      activation.emplace(cudnn, shape.epilogue == ConvolutionEpilogue::biasRelu);
    }
    if (shape.isForward()) {
      cudnn(cudnn.cudnnGetConvolutionForwardWorkspaceSize, handle, image, filter, movement, output, shape.algorithm, &workspaceBytes);
    } else {
      cudnn(cudnn.cudnnGetConvolutionBackwardFilterWorkspaceSize, handle, image, output, movement, filter, shape.algorithm,
            &workspaceBytes);
    }
  }

  uint64_t bytesOther() const { return shape.isForward() ? shape.bytesFilter() : shape.bytesOutput(); }
  uint64_t bytesResult() const { return shape.isForward() ? shape.bytesOutput() : shape.bytesFilter(); }
  uint64_t workspace() const { return workspaceBytes; }

  void run(const ConvolutionOperands& operands) const {
    static constexpr float one = 1, zero = 0;
    const auto x = reinterpret_cast<const void*>(operands.image), other = reinterpret_cast<const void*>(operands.other);
    const auto result = reinterpret_cast<void*>(operands.result), scratch = reinterpret_cast<void*>(operands.workspace);
    if (!shape.isForward()) {
      cudnn(cudnn.cudnnConvolutionBackwardFilter, handle, &one, image, x, output, other, movement, shape.algorithm, scratch,
            workspaceBytes, &zero, filter, result);
    } else if (bias) {
      // What is added beside the bias is nothing, but it has to be somewhere.
      cudnn(cudnn.cudnnConvolutionBiasActivationForward, handle, &one, image, x, filter, other, movement, shape.algorithm, scratch,
            workspaceBytes, &zero, output, result, *bias, reinterpret_cast<const void*>(operands.bias), *activation, output, result);
    } else {
      cudnn(cudnn.cudnnConvolutionForward, handle, &one, image, x, filter, other, movement, shape.algorithm, scratch, workspaceBytes,
            &zero, output, result);
    }
  }

  const ConvolutionShape shape;

 private:
  const Cudnn& cudnn;
  const abi::cudnnHandle handle;
  const TensorDescriptor image;
  const FilterDescriptor filter;
  const TensorDescriptor output;
  const MovementDescriptor movement;
  std::optional<TensorDescriptor> bias;
  std::optional<ActivationDescriptor> activation;
  size_t workspaceBytes = 0;
};

/** cuDNN starts with the first plan. */
class Convolutions {
 public:
  Convolutions(const Cudnn& library, const Session& session, Stamps& stamps)
      : cudnn(library), session(session), plans(stamps, "convolution") {}
  ~Convolutions() { clear(); }

  bool available() const { return cudnn.report.usable(); }

  /** 0 where the library cannot, or only with more memory than that is worth. */
  uint64_t plan(const ConvolutionShape& shape) {
    require(available(), "cuDNN was not found");
    start();
    try {
      auto planned = std::make_unique<Convolution>(cudnn, handle, shape);
      return planned->workspace() > mostWorkspace ? 0 : plans.add(std::move(planned));
    } catch (const Failure& failure) {
      if (Cudnn::isUnsupported(failure.status)) return 0;
      throw;
    }
  }

  void release(uint64_t plan) { plans.take(plan); }
  Convolution* find(uint64_t plan) const { return plans.find(plan); }

  void clear() {
    plans.clear();
    if (handle) cudnn.cudnnDestroy.address(std::exchange(handle, nullptr));
  }

 private:
  static constexpr uint64_t mostWorkspace = uint64_t(1) << 30;

  void start() {
    if (handle) return;
    cudnn(cudnn.cudnnCreate, &handle);
    try {
      cudnn(cudnn.cudnnSetStream, handle, session.stream);
    } catch (...) {
      cudnn.cudnnDestroy.address(std::exchange(handle, nullptr));
      throw;
    }
  }

  const Cudnn cudnn;
  const Session& session;
  Handles<Convolution> plans;
  abi::cudnnHandle handle = nullptr;
};
