// Matrix products by cuBLASLt: a plan holds descriptors and the algorithm that was chosen.
#pragma once
#include <array>
#include <limits>
#include <memory>
#include <optional>

#include "descriptors.hpp"
#include "memory.hpp"

/** ProductPlan of addon.ts: column-major matrices, `result[rows, columns] = a[rows, sum] @ b[sum, columns]`. */
struct ProductShape {
  int type, resultType, compute, epilogue;
  int64_t rows, columns, sum, batch;
  bool transposeA, transposeB;
  int64_t leadingA, leadingB, leadingResult;
  int64_t strideA, strideB, strideResult;
  uint64_t alignment;
  int candidates;
  int choice;  // -1: the library's first, or the fastest of the candidates

  bool hasBias() const { return epilogue & abi::CUBLASLT_EPILOGUE_BIAS; }
  static int bytesOf(int type) { return type == abi::CUDA_R_64F ? 8 : type == abi::CUDA_R_32F ? 4 : 2; }
  int elementBytes() const { return bytesOf(type); }
  int resultBytes() const { return bytesOf(resultType); }
};

/** A column-major matrix of a batch as it lies in memory. */
struct MatrixShape {
  int64_t rows, columns, leading, stride;

  /** From the first element to the end of the last. */
  uint64_t bytes(int64_t batch, int elementBytes) const {
    const __int128 elements = __int128(batch - 1) * stride + __int128(columns - 1) * leading + rows;
    if (elements > (int64_t(1) << 50)) throw Refusal{"a matrix of a product is larger than any memory"};
    return uint64_t(elements) * elementBytes;
  }
};

class LayoutDescriptor : public Descriptor<abi::cublasLtLayout> {
 public:
  LayoutDescriptor(const CublasLt& lt, const MatrixShape& shape, int type, int64_t batch)
      : Descriptor(lt, lt.cublasLtMatrixLayoutCreate, lt.cublasLtMatrixLayoutDestroy, type, uint64_t(shape.rows), uint64_t(shape.columns),
                   shape.leading) {
    const int count = int(batch);
    lt(lt.cublasLtMatrixLayoutSetAttribute, *this, abi::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count);
    lt(lt.cublasLtMatrixLayoutSetAttribute, *this, abi::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &shape.stride, sizeof shape.stride);
  }
};

/** Device addresses of one product. */
struct ProductOperands {
  uint64_t a, b, result, bias, workspace;
};

class Product {
 public:
  static constexpr int mostCandidates = 8;

  Product(const CublasLt& lt, abi::cublasLtHandle handle, const Session& session, uint64_t mostWorkspace, const ProductShape& shape)
      : shape(shape), lt(lt), handle(handle), session(session),
        matrixA(stored(shape.transposeA, shape.rows, shape.sum, shape.leadingA, shape.strideA)),
        matrixB(stored(shape.transposeB, shape.sum, shape.columns, shape.leadingB, shape.strideB)),
        matrixResult(stored(false, shape.rows, shape.columns, shape.leadingResult, shape.strideResult)),
        description(lt, lt.cublasLtMatmulDescCreate, lt.cublasLtMatmulDescDestroy, shape.compute, scaleType()),
        layoutA(lt, matrixA, shape.type, shape.batch), layoutB(lt, matrixB, shape.type, shape.batch),
        layoutResult(lt, matrixResult, shape.resultType, shape.batch) {
    setDescription(abi::CUBLASLT_MATMUL_DESC_TRANSA, int(shape.transposeA ? abi::CUBLAS_OP_T : abi::CUBLAS_OP_N));
    setDescription(abi::CUBLASLT_MATMUL_DESC_TRANSB, int(shape.transposeB ? abi::CUBLAS_OP_T : abi::CUBLAS_OP_N));
    setDescription(abi::CUBLASLT_MATMUL_DESC_EPILOGUE, shape.epilogue);
    choose(mostWorkspace);
  }

  uint64_t bytesA() const { return matrixA.bytes(shape.batch, shape.elementBytes()); }
  uint64_t bytesB() const { return matrixB.bytes(shape.batch, shape.elementBytes()); }
  uint64_t bytesResult() const { return matrixResult.bytes(shape.batch, shape.resultBytes()); }
  uint64_t bytesBias() const { return shape.hasBias() ? uint64_t(shape.rows) * shape.resultBytes() : 0; }
  uint64_t workspace() const { return algorithm.workspaceSize; }
  int choice() const { return chosen; }

  void run(const ProductOperands& operands) { run(operands, algorithm); }

  const ProductShape shape;

 private:
  static MatrixShape stored(bool transposed, int64_t rows, int64_t columns, int64_t leading, int64_t stride) {
    const MatrixShape matrix = transposed ? MatrixShape{columns, rows, leading, stride} : MatrixShape{rows, columns, leading, stride};
    require(leading >= matrix.rows, "a leading dimension is shorter than its matrix");
    return matrix;
  }

  int scaleType() const { return shape.compute == abi::CUBLAS_COMPUTE_64F ? abi::CUDA_R_64F : abi::CUDA_R_32F; }

  template <class T>
  void setDescription(int attribute, T value) {
    lt(lt.cublasLtMatmulDescSetAttribute, description, attribute, &value, sizeof value);
  }

  void run(const ProductOperands& operands, const abi::cublasLtHeuristic& by) {
    if (shape.hasBias()) setDescription(abi::CUBLASLT_MATMUL_DESC_BIAS_POINTER, reinterpret_cast<const void*>(operands.bias));
    // alpha and beta are of the scale's type.
    static constexpr float one32 = 1, zero32 = 0;
    static constexpr double one64 = 1, zero64 = 0;
    const bool wide = scaleType() == abi::CUDA_R_64F;
    const void* one = wide ? static_cast<const void*>(&one64) : &one32;
    const void* zero = wide ? static_cast<const void*>(&zero64) : &zero32;
    const auto a = reinterpret_cast<const void*>(operands.a), b = reinterpret_cast<const void*>(operands.b);
    const auto result = reinterpret_cast<void*>(operands.result), scratch = reinterpret_cast<void*>(operands.workspace);
    lt(lt.cublasLtMatmul, handle, description, one, a, layoutA, b, layoutB, zero, result, layoutResult, result, layoutResult, &by.algo,
       scratch, by.workspaceSize, session.stream);
  }

  /** The library's proposals, best first by its own reckoning. */
  std::vector<abi::cublasLtHeuristic> propose(int most, uint64_t mostWorkspace) const {
    const Descriptor<abi::cublasLtPreference> preference(lt, lt.cublasLtMatmulPreferenceCreate, lt.cublasLtMatmulPreferenceDestroy);
    const auto prefer = [&](int attribute, auto value) {
      lt(lt.cublasLtMatmulPreferenceSetAttribute, preference, attribute, &value, sizeof value);
    };
    prefer(abi::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, mostWorkspace);
    // Sums split in place would be added in any order: others give the same bits in each run.
    prefer(abi::CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t(abi::CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    for (int attribute : {abi::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, abi::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                          abi::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, abi::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      prefer(attribute, uint32_t(shape.alignment));
    }
    std::vector<abi::cublasLtHeuristic> proposals(most);
    int count = 0;
    lt(lt.cublasLtMatmulAlgoGetHeuristic, handle, description, layoutA, layoutB, layoutResult, layoutResult, preference, most,
       proposals.data(), &count);
    proposals.resize(std::clamp(count, 0, most));
    std::erase_if(proposals, [](const auto& proposal) { return proposal.state != 0; });
    if (proposals.empty()) {
      throw Failure{"cublasLtMatmulAlgoGetHeuristic", abi::CUBLAS_STATUS_NOT_SUPPORTED,
                    "cublasLtMatmulAlgoGetHeuristic: " + CublasLt::describe(abi::CUBLAS_STATUS_NOT_SUPPORTED) + " for this product"};
    }
    return proposals;
  }

  void choose(uint64_t mostWorkspace) {
    const auto proposals = propose(std::clamp(std::max(shape.candidates, shape.choice + 1), 1, mostCandidates), mostWorkspace);
    if (shape.choice >= 0) {
      chosen = std::min<int>(shape.choice, int(proposals.size()) - 1);
    } else if (shape.candidates > 1 && proposals.size() > 1) {
      chosen = fastest(proposals);
    }
    algorithm = proposals[chosen];
  }

  /** Times each proposal on memory of its own: the first where there is none to be had. */
  int fastest(const std::vector<abi::cublasLtHeuristic>& proposals) {
    uint64_t mostWorkspace = 0;
    for (const auto& proposal : proposals) mostWorkspace = std::max<uint64_t>(mostWorkspace, proposal.workspaceSize);
    try {
      const Scratch a(session, bytesA()), b(session, bytesB()), result(session, bytesResult());
      const Scratch bias(session, std::max<uint64_t>(bytesBias(), 1)), workspace(session, std::max<uint64_t>(mostWorkspace, 1));
      const ProductOperands operands{a.address, b.address, result.address, bias.address, workspace.address};
      int best = 0;
      float bestTime = std::numeric_limits<float>::infinity();
      for (int index = 0; index < int(proposals.size()); index++) {
        const float time = timeOf(proposals[index], operands);
        if (time < bestTime) bestTime = time, best = index;
      }
      return best;
    } catch (const Failure& failure) {
      if (failure.call == "cuMemAlloc" && failure.status == abi::CUDA_ERROR_OUT_OF_MEMORY) return 0;
      throw;
    }
  }

  /** Zeros, that no operand be denormal or NaN. Freed when the stream is done with it. */
  struct Scratch : DeviceMemory {
    Scratch(const Session& session, uint64_t bytes) : DeviceMemory(session, bytes) {
      session.cuda(session.cuda.cuMemsetD8Async, address, static_cast<unsigned char>(0), bytes, session.stream);
    }
    ~Scratch() { session.settle(); }
  };

  /** Milliseconds of five runs. Infinity where the library refuses what it has proposed. */
  float timeOf(const abi::cublasLtHeuristic& proposal, const ProductOperands& operands) {
    Event start(session, abi::CU_EVENT_DEFAULT), end(session, abi::CU_EVENT_DEFAULT);
    try {
      run(operands, proposal);
      start.record();
      for (int repetition = 0; repetition < 5; repetition++) run(operands, proposal);
    } catch (const Failure& failure) {
      if (failure.call == "cublasLtMatmul") return std::numeric_limits<float>::infinity();
      throw;
    }
    end.record();
    session.synchronize();
    return end.millisecondsSince(start);
  }

  const CublasLt& lt;
  const abi::cublasLtHandle handle;
  const Session& session;
  const MatrixShape matrixA, matrixB, matrixResult;
  const Descriptor<abi::cublasLtDesc> description;
  const LayoutDescriptor layoutA, layoutB, layoutResult;
  abi::cublasLtHeuristic algorithm{};
  int chosen = 0;
};

/** cuBLASLt starts with the first plan. */
class Products {
 public:
  Products(const CublasLt& library, const Session& session, Stamps& stamps, int capability)
      : lt(library), session(session), plans(stamps, "product"), mostWorkspace(capability >= 90 ? 32 << 20 : 4 << 20) {}
  ~Products() { clear(); }

  bool available() const { return lt.report.usable(); }

  uint64_t plan(const ProductShape& shape) {
    require(available(), "cuBLASLt was not found");
    if (!handle) lt(lt.cublasLtCreate, &handle);
    return plans.add(std::make_unique<Product>(lt, handle, session, mostWorkspace, shape));
  }

  void release(uint64_t plan) { plans.take(plan); }
  Product* find(uint64_t plan) const { return plans.find(plan); }

  void clear() {
    plans.clear();
    if (handle) lt.cublasLtDestroy.address(std::exchange(handle, nullptr));
  }

 private:
  const CublasLt lt;
  const Session& session;
  Handles<Product> plans;
  abi::cublasLtHandle handle = nullptr;
  /** What NVIDIA recommends: https://docs.nvidia.com/cuda/cublas/#cublassetworkspace */
  const uint64_t mostWorkspace;
};
