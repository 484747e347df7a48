// cuDNN: descriptors and convolutions in two dimensions. Numbers of enumerations: cudnn_graph.h, cudnn_cnn.h of cuDNN 9.24.
#include <cstring>

#include "convolutions.hpp"
#include "memory.hpp"
#include "registry.hpp"
#include "streams.hpp"

namespace fake {

namespace {

struct Handle {
  std::shared_ptr<Stream> stream;
};
struct Activation {
  int mode = 0;
};
struct Moving : Movement {
  int math = 0;
};

enum { CUDNN_SUCCESS = 0, CUDNN_NOT_INITIALIZED = 1001, CUDNN_BAD_PARAM = 2000, CUDNN_NOT_SUPPORTED = 3000 };
enum { DATA_FLOAT = 0, NCHW = 0, NHWC = 1, CROSS_CORRELATION = 1, FMA_MATH = 3 };
enum { PROPAGATE_NAN = 1, RELU = 1, IDENTITY = 5, ALGORITHM_1 = 1 };
// Of any convolution.
constexpr size_t WORKSPACE = 1 << 10;

Registry<Handle>& handles = *new Registry<Handle>("cudnn");
Registry<Tensor>& tensors = *new Registry<Tensor>("cudnn tensors");
Registry<Tensor>& filters = *new Registry<Tensor>("cudnn filters");
Registry<Moving>& movements = *new Registry<Moving>("cudnn convolutions");
Registry<Activation>& activations = *new Registry<Activation>("cudnn activations");

int setTensor(Tensor& tensor, int format, int type, int n, int c, int h, int w) {
  if (type != DATA_FLOAT || (format != NCHW && format != NHWC)) return CUDNN_NOT_SUPPORTED;
  if (n < 1 || c < 1 || h < 1 || w < 1) return CUDNN_BAD_PARAM;
  tensor = {format == NHWC, n, c, h, w};
  return CUDNN_SUCCESS;
}

template <class T> int create(Registry<T>& registry, void** handle) {
  *handle = registry.add(std::make_shared<T>());
  return CUDNN_SUCCESS;
}
template <class T> int destroy(Registry<T>& registry, void* handle) {
  return registry.remove(handle) == nullptr ? CUDNN_BAD_PARAM : CUDNN_SUCCESS;
}

int64_t places(int64_t size, int64_t pad, int64_t window, int64_t stride, int64_t dilation) {
  int64_t room = size + 2 * pad - (dilation * (window - 1) + 1);
  return room < 0 ? 0 : room / stride + 1;
}

int check(const Tensor& image, const Tensor& filter, const Moving& m, const Tensor& output) {
  if (image.channelsLast != filter.channelsLast || image.channelsLast != output.channelsLast) return CUDNN_NOT_SUPPORTED;
  if (m.groups < 1 || filter.n % m.groups != 0 || image.c != filter.c * m.groups) return CUDNN_BAD_PARAM;
  if (output.n != image.n || output.c != filter.n) return CUDNN_BAD_PARAM;
  if (output.h != places(image.h, m.padH, filter.h, m.strideH, m.dilationH)) return CUDNN_BAD_PARAM;
  if (output.w != places(image.w, m.padW, filter.w, m.strideW, m.dilationW)) return CUDNN_BAD_PARAM;
  // As the library, which then lets others do it.
  return m.padH > 64 || m.padW > 64 ? int(CUDNN_NOT_SUPPORTED) : int(CUDNN_SUCCESS);
}

struct Asked {
  void *handle, *image, *filter, *movement, *output;
};

struct Touched {
  const char* what;
  uint64_t address;
  int64_t elements;
};

int run(const char* name, const Convolution& c, bool gradient, uint64_t workspace) {
  if (int status = enterKernel(name)) return status;
  logLaunch(name, {unsigned(c.output.n), unsigned(c.filter.n), unsigned(c.output.h * c.output.w)}, {1, 1, 1});
  const Touched touched[] = {{"the image", c.imageAddress, c.image.size()},
                             {"the filter", c.filterAddress, c.filter.size()},
                             {"the result", c.outputAddress, c.output.size()},
                             {"the bias", c.biasAddress, c.biasAddress == 0 ? 0 : c.filter.n},
                             {"the workspace", workspace, int64_t(WORKSPACE / 4)}};
  for (auto& [what, address, elements] : touched)
    if (elements > 0 && !isDeviceRange(address, size_t(elements) * 4))
      return failure(ILLEGAL_ADDRESS, std::string(name) + ": " + what + " of " + std::to_string(elements) + " elements lies outside of all allocations");
  std::memset(reinterpret_cast<void*>(workspace), 0xff, WORKSPACE);
  gradient ? convolveGradient(c) : convolve(c);
  return SUCCESS;
}

struct Descriptors {
  std::shared_ptr<Handle> handle;
  std::shared_ptr<Tensor> image, filter, output;
  std::shared_ptr<Moving> movement;

  explicit Descriptors(const Asked& call)
      : handle(handles.find(call.handle)), image(tensors.find(call.image)), filter(filters.find(call.filter)),
        output(tensors.find(call.output)), movement(movements.find(call.movement)) {}

  int check() const {
    if (handle == nullptr || handle->stream == nullptr) return CUDNN_NOT_INITIALIZED;
    if (image == nullptr || filter == nullptr || output == nullptr || movement == nullptr) return CUDNN_BAD_PARAM;
    return fake::check(*image, *filter, *movement, *output);
  }
};

int workspaceOf(const Asked& call, int algorithm, size_t* bytes) {
  if (algorithm != ALGORITHM_1) return CUDNN_NOT_SUPPORTED;
  if (int status = Descriptors(call).check()) return status;
  *bytes = WORKSPACE;
  return CUDNN_SUCCESS;
}

float scaleOf(const void* value) { return *static_cast<const float*>(value); }

// Orders a convolution whose addresses are set. alpha is 1 and beta 0: all that the backend says.
int orderConvolution(const char* name, const Asked& call, Convolution c, bool gradient, int algorithm, const void* workspace, size_t bytes,
                     const void* alpha, const void* beta) {
  Descriptors descriptors(call);
  if (int status = descriptors.check()) return status;
  if (algorithm != ALGORITHM_1 || scaleOf(alpha) != 1 || scaleOf(beta) != 0) return CUDNN_NOT_SUPPORTED;
  if (bytes < WORKSPACE || workspace == nullptr) return CUDNN_BAD_PARAM;
  for (uint64_t address : {c.imageAddress, c.filterAddress, c.outputAddress, c.biasAddress})
    if (address % 16 != 0) return failure(CUDNN_BAD_PARAM, std::string(name) + ": an operand is not aligned to 16 bytes");
  auto& stream = descriptors.handle->stream;
  if (settings.noop) return stream->recording == nullptr ? int(CUDNN_SUCCESS) : order(stream, [] { return int(SUCCESS); });
  c.image = *descriptors.image, c.filter = *descriptors.filter, c.output = *descriptors.output, c.movement = *descriptors.movement;
  c.rounding = descriptors.movement->math == FMA_MATH ? Rounding::none : Rounding::tf32;
  return order(stream, [=, scratch = reinterpret_cast<uint64_t>(workspace)] { return run(name, c, gradient, scratch); });
}

uint64_t addressOf(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

}  // namespace fake

using namespace fake;

EXPORT int cudnnCreate(void** handle) {
  CALL(cudnnCreate);
  CONTEXT(device);
  return create(handles, handle);
}

EXPORT int cudnnDestroy(void* handle) {
  CALL(cudnnDestroy);
  return destroy(handles, handle);
}

EXPORT int cudnnSetStream(void* handle, void* stream) {
  CALL(cudnnSetStream);
  auto found = handles.find(handle);
  if (found == nullptr) return CUDNN_BAD_PARAM;
  found->stream = streamOf(stream);
  return found->stream == nullptr ? CUDNN_BAD_PARAM : CUDNN_SUCCESS;
}

EXPORT int cudnnCreateTensorDescriptor(void** tensor) {
  CALL(cudnnCreateTensorDescriptor);
  return create(tensors, tensor);
}

EXPORT int cudnnSetTensor4dDescriptor(void* tensor, int format, int type, int n, int c, int h, int w) {
  CALL(cudnnSetTensor4dDescriptor);
  auto found = tensors.find(tensor);
  return found == nullptr ? int(CUDNN_BAD_PARAM) : setTensor(*found, format, type, n, c, h, w);
}

EXPORT int cudnnDestroyTensorDescriptor(void* tensor) {
  CALL(cudnnDestroyTensorDescriptor);
  return destroy(tensors, tensor);
}

EXPORT int cudnnCreateFilterDescriptor(void** filter) {
  CALL(cudnnCreateFilterDescriptor);
  return create(filters, filter);
}

EXPORT int cudnnSetFilter4dDescriptor(void* filter, int type, int format, int k, int c, int h, int w) {
  CALL(cudnnSetFilter4dDescriptor);
  auto found = filters.find(filter);
  return found == nullptr ? int(CUDNN_BAD_PARAM) : setTensor(*found, format, type, k, c, h, w);
}

EXPORT int cudnnDestroyFilterDescriptor(void* filter) {
  CALL(cudnnDestroyFilterDescriptor);
  return destroy(filters, filter);
}

EXPORT int cudnnCreateConvolutionDescriptor(void** movement) {
  CALL(cudnnCreateConvolutionDescriptor);
  return create(movements, movement);
}

EXPORT int cudnnSetConvolution2dDescriptor(void* movement, int padH, int padW, int strideH, int strideW, int dilationH, int dilationW, int mode,
                                           int type) {
  CALL(cudnnSetConvolution2dDescriptor);
  auto found = movements.find(movement);
  if (found == nullptr || padH < 0 || padW < 0 || strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) return CUDNN_BAD_PARAM;
  if (mode != CROSS_CORRELATION || type != DATA_FLOAT) return CUDNN_NOT_SUPPORTED;
  static_cast<Movement&>(*found) = {padH, padW, strideH, strideW, dilationH, dilationW, found->groups};
  return CUDNN_SUCCESS;
}

EXPORT int cudnnSetConvolutionMathType(void* movement, int math) {
  CALL(cudnnSetConvolutionMathType);
  auto found = movements.find(movement);
  if (found == nullptr || math < 0 || math > FMA_MATH) return CUDNN_BAD_PARAM;
  found->math = math;
  return CUDNN_SUCCESS;
}

EXPORT int cudnnSetConvolutionGroupCount(void* movement, int groups) {
  CALL(cudnnSetConvolutionGroupCount);
  auto found = movements.find(movement);
  if (found == nullptr || groups < 1) return CUDNN_BAD_PARAM;
  found->groups = groups;
  return CUDNN_SUCCESS;
}

EXPORT int cudnnDestroyConvolutionDescriptor(void* movement) {
  CALL(cudnnDestroyConvolutionDescriptor);
  return destroy(movements, movement);
}

EXPORT int cudnnCreateActivationDescriptor(void** activation) {
  CALL(cudnnCreateActivationDescriptor);
  return create(activations, activation);
}

EXPORT int cudnnSetActivationDescriptor(void* activation, int mode, int nan, double) {
  CALL(cudnnSetActivationDescriptor);
  auto found = activations.find(activation);
  if (found == nullptr) return CUDNN_BAD_PARAM;
  if ((mode != RELU && mode != IDENTITY) || nan != PROPAGATE_NAN) return CUDNN_NOT_SUPPORTED;
  found->mode = mode;
  return CUDNN_SUCCESS;
}

EXPORT int cudnnDestroyActivationDescriptor(void* activation) {
  CALL(cudnnDestroyActivationDescriptor);
  return destroy(activations, activation);
}

EXPORT int cudnnGetConvolutionForwardWorkspaceSize(void* handle, void* image, void* filter, void* movement, void* output, int algorithm,
                                                   size_t* bytes) {
  CALL(cudnnGetConvolutionForwardWorkspaceSize);
  return workspaceOf({handle, image, filter, movement, output}, algorithm, bytes);
}

EXPORT int cudnnGetConvolutionBackwardFilterWorkspaceSize(void* handle, void* image, void* output, void* movement, void* filter, int algorithm,
                                                          size_t* bytes) {
  CALL(cudnnGetConvolutionBackwardFilterWorkspaceSize);
  return workspaceOf({handle, image, filter, movement, output}, algorithm, bytes);
}

EXPORT int cudnnConvolutionForward(void* handle, const void* alpha, void* image, const void* x, void* filter, const void* w, void* movement,
                                   int algorithm, void* workspace, size_t bytes, const void* beta, void* output, void* y) {
  CALL(cudnnConvolutionForward);
  Convolution c;
  c.imageAddress = addressOf(x), c.filterAddress = addressOf(w), c.outputAddress = addressOf(y);
  return orderConvolution("cudnnConvolutionForward", {handle, image, filter, movement, output}, c, false, algorithm, workspace, bytes, alpha,
                          beta);
}

EXPORT int cudnnConvolutionBiasActivationForward(void* handle, const void* alpha1, void* image, const void* x, void* filter, const void* w,
                                                 void* movement, int algorithm, void* workspace, size_t bytes, const void* alpha2, void* added,
                                                 const void* z, void* biases, const void* bias, void* activation, void* output, void* y) {
  CALL(cudnnConvolutionBiasActivationForward);
  auto found = activations.find(activation);
  auto ofBias = tensors.find(biases), ofOutput = tensors.find(output), ofAdded = tensors.find(added);
  if (found == nullptr || ofBias == nullptr || ofOutput == nullptr || ofAdded == nullptr || bias == nullptr || z == nullptr) return CUDNN_BAD_PARAM;
  if (ofBias->n != 1 || ofBias->h != 1 || ofBias->w != 1 || ofBias->c != ofOutput->c || ofAdded->size() != ofOutput->size()) return CUDNN_BAD_PARAM;
  Convolution c;
  c.imageAddress = addressOf(x), c.filterAddress = addressOf(w), c.outputAddress = addressOf(y), c.biasAddress = addressOf(bias);
  c.relu = found->mode == RELU;
  return orderConvolution("cudnnConvolutionBiasActivationForward", {handle, image, filter, movement, output}, c, false, algorithm, workspace,
                          bytes, alpha1, alpha2);
}

EXPORT int cudnnConvolutionBackwardFilter(void* handle, const void* alpha, void* image, const void* x, void* output, const void* dy,
                                          void* movement, int algorithm, void* workspace, size_t bytes, const void* beta, void* filter,
                                          void* dw) {
  CALL(cudnnConvolutionBackwardFilter);
  Convolution c;
  c.imageAddress = addressOf(x), c.filterAddress = addressOf(dw), c.outputAddress = addressOf(dy);
  return orderConvolution("cudnnConvolutionBackwardFilter", {handle, image, filter, movement, output}, c, true, algorithm, workspace, bytes,
                          alpha, beta);
}
