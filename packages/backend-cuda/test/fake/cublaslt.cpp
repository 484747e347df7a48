// cuBLASLt: descriptors, heuristics, products. Numbers of enumerations: cublasLt.h, cublas_api.h, library_types.h of CUDA 13.0.
#include <cstring>
#include <map>

#include "memory.hpp"
#include "products.hpp"
#include "registry.hpp"
#include "streams.hpp"

namespace fake {

namespace {

enum { BLAS_SUCCESS = 0, BLAS_NOT_INITIALIZED = 1, BLAS_INVALID_VALUE = 7, BLAS_NOT_SUPPORTED = 15 };
enum { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_64F = 70, COMPUTE_FAST_16BF = 75, COMPUTE_FAST_TF32 = 77 };
enum { EPILOGUE_DEFAULT = 1, EPILOGUE_RELU = 2, EPILOGUE_BIAS = 4 };

struct Handle {};

struct Descriptor {
  int compute, scale;
  int pointerMode = 0, transposeA = 0, transposeB = 0;
  uint32_t epilogue = EPILOGUE_DEFAULT;
  uint64_t bias = 0;
  int64_t biasStride = 0;
};

struct Layout {
  uint32_t type;
  uint64_t rows, columns;
  int64_t leading;
  int32_t order = 0, batch = 1;  // order 0: in columns
  int64_t stride = 0;

  // Elements from the first to behind the last.
  uint64_t extent() const {
    if (rows == 0 || columns == 0) return 0;
    return static_cast<uint64_t>(batch - 1) * static_cast<uint64_t>(stride) + (columns - 1) * static_cast<uint64_t>(leading) + rows;
  }
};

struct Preference {
  uint64_t workspace = 0;
  uint32_t reductions = ~0u;
  uint32_t alignment[4] = {256, 256, 256, 256};  // of A, B, C, D
};

struct Algorithm {
  uint64_t magic, index, workspace, alignment[4], unused;
};
struct Heuristic {
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};
static_assert(sizeof(Algorithm) == 64 && sizeof(Heuristic) == 96);
constexpr uint64_t ALGORITHM_MAGIC = 0x6661'6b65'616c'676full;
// The algorithms by the workspace they ask for: the best one wants much, the last one none.
constexpr uint64_t WORKSPACES[] = {1 << 16, 1 << 12, 0};

Registry<Handle>& handles = *new Registry<Handle>("cublasLt");
Registry<Descriptor>& descriptors = *new Registry<Descriptor>("descriptors");
Registry<Layout>& layouts = *new Registry<Layout>("layouts");
Registry<Preference>& preferences = *new Registry<Preference>("preferences");

// Stores an attribute of a descriptor; a wrong size is refused.
template <class T> int store(T& field, const void* value, size_t bytes) {
  if (value == nullptr || bytes != sizeof(T)) return BLAS_INVALID_VALUE;
  return std::memcpy(&field, value, sizeof(T)), BLAS_SUCCESS;
}

bool fits(const Layout& l) { return l.order == 0 && l.leading >= static_cast<int64_t>(l.rows) && l.leading > 0 && l.batch > 0; }

int checkTypes(const Descriptor& d, const Layout& a, const Layout& b, const Layout& c, const Layout& r) {
  bool isHalf = a.type == R_16F || a.type == R_16BF;
  bool same = a.type == b.type && c.type == r.type && (a.type == r.type || (isHalf && r.type == R_32F));
  bool wide = d.compute == COMPUTE_64F;
  bool narrow = d.compute == COMPUTE_32F || d.compute == COMPUTE_32F_PEDANTIC || d.compute == COMPUTE_FAST_16BF || d.compute == COMPUTE_FAST_TF32;
  if (!same || !(wide || narrow)) return BLAS_NOT_SUPPORTED;
  uint32_t type = wide ? R_64F : R_32F;
  bool isType = a.type == type || (isHalf && (d.compute == COMPUTE_32F || d.compute == COMPUTE_32F_PEDANTIC));
  return isType && uint32_t(d.scale) == type ? BLAS_SUCCESS : BLAS_NOT_SUPPORTED;
}

int checkShapes(const Descriptor& d, const Layout& a, const Layout& b, const Layout& c, const Layout& r) {
  if (!fits(a) || !fits(b) || !fits(c) || !fits(r)) return BLAS_INVALID_VALUE;
  if (a.batch != r.batch || b.batch != r.batch || c.batch != r.batch) return BLAS_INVALID_VALUE;
  uint64_t rows = d.transposeA ? a.columns : a.rows, terms = d.transposeA ? a.rows : a.columns;
  uint64_t columns = d.transposeB ? b.rows : b.columns, otherTerms = d.transposeB ? b.columns : b.rows;
  if (terms != otherTerms || rows != r.rows || columns != r.columns || c.rows != r.rows || c.columns != r.columns) return BLAS_INVALID_VALUE;
  if (d.pointerMode != 0 || d.transposeA > 1 || d.transposeB > 1 || (r.batch > 1 && r.stride == 0)) return BLAS_INVALID_VALUE;
  return (d.epilogue & ~uint32_t(EPILOGUE_DEFAULT | EPILOGUE_RELU | EPILOGUE_BIAS)) == 0 ? BLAS_SUCCESS : BLAS_NOT_SUPPORTED;
}

int check(const Descriptor& d, const Layout& a, const Layout& b, const Layout& c, const Layout& r) {
  if (int status = checkTypes(d, a, b, c, r)) return status;
  return checkShapes(d, a, b, c, r);
}

Panel panelOf(const Layout& l, const void* address) {
  return {reinterpret_cast<uint64_t>(address), l.rows, l.columns, l.leading, l.stride};
}

double scalarOf(int type, const void* value) {
  return type == R_64F ? *static_cast<const double*>(value) : *static_cast<const float*>(value);
}

Rounding roundingOf(int compute) {
  return compute == COMPUTE_FAST_TF32 ? Rounding::tf32 : compute == COMPUTE_FAST_16BF ? Rounding::bf16 : Rounding::none;
}

// What a product touches, checked when it runs.
struct Touched {
  const char* what;
  uint64_t address, bytes;
};

int run(const Product& product, bool wide, const std::vector<Touched>& touched, uint64_t workspace, uint64_t workspaceBytes) {
  if (int status = enterKernel("cublasLtMatmul")) return status;
  logLaunch("cublasLtMatmul", {unsigned(product.d.rows), unsigned(product.d.columns), unsigned(product.batch)}, {1, 1, 1});
  for (auto& [what, address, bytes] : touched)
    if (!isDeviceRange(address, bytes))
      return failure(ILLEGAL_ADDRESS, std::string("cublasLtMatmul: ") + what + " of " + std::to_string(bytes) + " bytes lies outside of all allocations");
  if (workspaceBytes > 0) std::memset(reinterpret_cast<void*>(workspace), 0xff, workspaceBytes);
  if (wide) compute<double>(product);
  else compute<float>(product);
  return SUCCESS;
}

}  // namespace

}  // namespace fake

using namespace fake;

// The context as cuBLASLt reports it.
#define BLAS_CONTEXT()                                                   \
  int blasStatus_ = 0;                                                   \
  [[maybe_unused]] fake::Device* const device = fake::currentDevice(blasStatus_); \
  if (blasStatus_ != 0) return BLAS_NOT_INITIALIZED
#define FOUND(name, registry, handle)    \
  auto name = registry.find(handle);     \
  if (name == nullptr) return BLAS_INVALID_VALUE

EXPORT int cublasLtCreate(void** handle) {
  CALL(cublasLtCreate);
  BLAS_CONTEXT();
  *handle = handles.add(std::make_shared<Handle>());
  return BLAS_SUCCESS;
}

EXPORT int cublasLtDestroy(void* handle) {
  CALL(cublasLtDestroy);
  return handles.remove(handle) == nullptr ? BLAS_NOT_INITIALIZED : BLAS_SUCCESS;
}

EXPORT int cublasLtMatmulDescCreate(void** handle, int compute, int scale) {
  CALL(cublasLtMatmulDescCreate);
  *handle = descriptors.add(std::make_shared<Descriptor>(Descriptor{.compute = compute, .scale = scale}));
  return BLAS_SUCCESS;
}

EXPORT int cublasLtMatmulDescDestroy(void* handle) {
  CALL(cublasLtMatmulDescDestroy);
  return descriptors.remove(handle) == nullptr ? BLAS_INVALID_VALUE : BLAS_SUCCESS;
}

EXPORT int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  CALL(cublasLtMatmulDescSetAttribute);
  FOUND(d, descriptors, handle);
  switch (attribute) {
    case 0: return store(d->compute, value, bytes);
    case 1: return store(d->scale, value, bytes);
    case 2: return store(d->pointerMode, value, bytes);
    case 3: return store(d->transposeA, value, bytes);
    case 4: return store(d->transposeB, value, bytes);
    case 7: return store(d->epilogue, value, bytes);
    case 8: return store(d->bias, value, bytes);
    case 10: return store(d->biasStride, value, bytes);
    default: return BLAS_INVALID_VALUE;
  }
}

EXPORT int cublasLtMatrixLayoutCreate(void** handle, int type, uint64_t rows, uint64_t columns, int64_t leading) {
  CALL(cublasLtMatrixLayoutCreate);
  *handle = layouts.add(std::make_shared<Layout>(Layout{.type = uint32_t(type), .rows = rows, .columns = columns, .leading = leading}));
  return BLAS_SUCCESS;
}

EXPORT int cublasLtMatrixLayoutDestroy(void* handle) {
  CALL(cublasLtMatrixLayoutDestroy);
  return layouts.remove(handle) == nullptr ? BLAS_INVALID_VALUE : BLAS_SUCCESS;
}

EXPORT int cublasLtMatrixLayoutSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  CALL(cublasLtMatrixLayoutSetAttribute);
  FOUND(l, layouts, handle);
  switch (attribute) {
    case 0: return store(l->type, value, bytes);
    case 1: return store(l->order, value, bytes);
    case 2: return store(l->rows, value, bytes);
    case 3: return store(l->columns, value, bytes);
    case 4: return store(l->leading, value, bytes);
    case 5: return store(l->batch, value, bytes);
    case 6: return store(l->stride, value, bytes);
    default: return BLAS_INVALID_VALUE;
  }
}

EXPORT int cublasLtMatmulPreferenceCreate(void** handle) {
  CALL(cublasLtMatmulPreferenceCreate);
  *handle = preferences.add(std::make_shared<Preference>());
  return BLAS_SUCCESS;
}

EXPORT int cublasLtMatmulPreferenceDestroy(void* handle) {
  CALL(cublasLtMatmulPreferenceDestroy);
  return preferences.remove(handle) == nullptr ? BLAS_INVALID_VALUE : BLAS_SUCCESS;
}

EXPORT int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
  CALL(cublasLtMatmulPreferenceSetAttribute);
  FOUND(p, preferences, handle);
  if (attribute == 1) return store(p->workspace, value, bytes);
  if (attribute == 3) return store(p->reductions, value, bytes);
  return attribute >= 5 && attribute <= 8 ? store(p->alignment[attribute - 5], value, bytes) : BLAS_INVALID_VALUE;
}

EXPORT int cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* layoutA, void* layoutB, void* layoutC, void* layoutD,
                                          void* preference, int asked, void* results, int* given) {
  CALL(cublasLtMatmulAlgoGetHeuristic);
  BLAS_CONTEXT();
  *given = 0;
  if (handles.find(handle) == nullptr) return BLAS_NOT_INITIALIZED;
  if (asked < 1) return BLAS_INVALID_VALUE;
  FOUND(d, descriptors, descriptor);
  FOUND(a, layouts, layoutA);
  FOUND(b, layouts, layoutB);
  FOUND(c, layouts, layoutC);
  FOUND(r, layouts, layoutD);
  FOUND(p, preferences, preference);
  if (int status = check(*d, *a, *b, *c, *r)) return status;
  for (uint64_t index = 0; index < std::size(WORKSPACES) && *given < asked; index++) {
    if (WORKSPACES[index] > p->workspace) continue;
    Heuristic result{};
    result.algorithm = {ALGORITHM_MAGIC, index, WORKSPACES[index], {}, 0};
    for (int i = 0; i < 4; i++) result.algorithm.alignment[i] = p->alignment[i];
    result.workspace = WORKSPACES[index];
    result.waves = 0.5f;
    std::memcpy(static_cast<char*>(results) + sizeof result * size_t((*given)++), &result, sizeof result);
  }
  return BLAS_SUCCESS;
}

EXPORT int cublasLtMatmul(void* handle, void* descriptor, const void* alpha, const void* A, void* layoutA, const void* B, void* layoutB,
                          const void* beta, const void* C, void* layoutC, void* D, void* layoutD, const void* algorithm, void* workspace,
                          size_t workspaceBytes, void* streamHandle) {
  CALL(cublasLtMatmul);
  BLAS_CONTEXT();
  if (handles.find(handle) == nullptr) return BLAS_NOT_INITIALIZED;
  FOUND(d, descriptors, descriptor);
  FOUND(a, layouts, layoutA);
  FOUND(b, layouts, layoutB);
  FOUND(c, layouts, layoutC);
  FOUND(r, layouts, layoutD);
  if (int status = check(*d, *a, *b, *c, *r)) return status;
  auto stream = streamOf(streamHandle);
  if (stream == nullptr || alpha == nullptr || beta == nullptr) return BLAS_INVALID_VALUE;
  // Without one the library asks its own heuristics, within the workspace.
  Algorithm chosen{ALGORITHM_MAGIC, 2, 0, {16, 16, 16, 16}, 0};
  if (algorithm != nullptr) std::memcpy(&chosen, algorithm, sizeof chosen);
  const void* operands[4] = {A, B, C, D};
  for (int i = 0; i < 4; i++)
    if (reinterpret_cast<uint64_t>(operands[i]) % chosen.alignment[i] != 0) return failure(BLAS_INVALID_VALUE, "cublasLtMatmul: an operand is less aligned than its algorithm wants");
  bool bias = d->epilogue & EPILOGUE_BIAS;
  if (chosen.magic != ALGORITHM_MAGIC || chosen.index >= std::size(WORKSPACES) || chosen.workspace > workspaceBytes) return BLAS_INVALID_VALUE;
  if (reinterpret_cast<uint64_t>(workspace) % 256 != 0 || (bias && d->bias == 0)) return BLAS_INVALID_VALUE;
  if (settings.noop) return stream->recording == nullptr ? int(BLAS_SUCCESS) : order(stream, [] { return int(SUCCESS); });

  bool wide = d->compute == COMPUTE_64F;
  Product product{panelOf(*a, A), panelOf(*b, B), panelOf(*c, C), panelOf(*r, D)};
  product.transposeA = d->transposeA, product.transposeB = d->transposeB, product.batch = static_cast<size_t>(r->batch);
  product.alpha = scalarOf(d->scale, alpha), product.beta = scalarOf(d->scale, beta);
  product.bias = bias, product.relu = d->epilogue & EPILOGUE_RELU, product.biasAddress = d->bias, product.biasStride = d->biasStride;
  product.rounding = roundingOf(d->compute), product.chunk = size_t(16) << chosen.index;
  product.operands = Element(a->type), product.results = Element(r->type);
  uint64_t bytes = bytesOf(product.operands), resultBytes = bytesOf(product.results);
  std::vector<Touched> touched{{"A", product.a.address, a->extent() * bytes}, {"B", product.b.address, b->extent() * bytes}, {"D", product.d.address, r->extent() * resultBytes}};
  if (bias) touched.push_back({"the bias", d->bias, (uint64_t(r->batch - 1) * uint64_t(d->biasStride) + r->rows) * resultBytes});
  if (chosen.workspace > 0) touched.push_back({"the workspace", reinterpret_cast<uint64_t>(workspace), chosen.workspace});
  return order(stream, [=, workspaceAddress = reinterpret_cast<uint64_t>(workspace)] { return run(product, wide, touched, workspaceAddress, chosen.workspace); });
}
