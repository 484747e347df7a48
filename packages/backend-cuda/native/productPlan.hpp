// ProductPlan of addon.ts: reads and checks one.
#pragma once
#include <algorithm>
#include <bit>

#include "napi.hpp"
#include "products.hpp"

/** A plan from JavaScript, whole and in bounds. */
inline ProductShape toProductShape(napi_env env, napi_value plan) {
  constexpr int64_t mostExtent = 0x7fffffff;
  const auto integer = [&](const char* name, int64_t least, int64_t most) {
    return toInteger(env, getProperty(env, plan, name), name, least, most);
  };
  const auto optional = [&](const char* name, int64_t least, int64_t most, int64_t absent) {
    return typeOf(env, getProperty(env, plan, name)) == napi_undefined ? absent : integer(name, least, most);
  };
  const auto truth = [&](const char* name) { return toBoolean(env, getProperty(env, plan, name), name); };
  const int64_t type = integer("type", 0, 63);
  const ProductShape shape{
    .type = int(type),
    .resultType = int(optional("resultType", 0, 63, type)),
    .compute = int(integer("compute", 0, 127)),
    .epilogue = int(integer("epilogue", 0, 1023)),
    .rows = integer("rows", 1, mostExtent),
    .columns = integer("columns", 1, mostExtent),
    .sum = integer("sum", 1, mostExtent),
    .batch = integer("batch", 1, mostExtent),
    .transposeA = truth("transposeA"),
    .transposeB = truth("transposeB"),
    .leadingA = integer("leadingA", 1, mostExtent),
    .leadingB = integer("leadingB", 1, mostExtent),
    .leadingResult = integer("leadingResult", 1, mostExtent),
    .strideA = integer("strideA", 0, largestSafeInteger),
    .strideB = integer("strideB", 0, largestSafeInteger),
    .strideResult = integer("strideResult", 0, largestSafeInteger),
    .alignment = uint64_t(optional("alignment", 1, 256, 16)),
    .candidates = int(optional("candidates", 1, Product::mostCandidates, 1)),
    .choice = int(optional("choice", 0, Product::mostCandidates - 1, -1)),
  };
  constexpr int types[] = {abi::CUDA_R_32F, abi::CUDA_R_64F, abi::CUDA_R_16F, abi::CUDA_R_16BF};
  constexpr int epilogues[] = {abi::CUBLASLT_EPILOGUE_DEFAULT, abi::CUBLASLT_EPILOGUE_RELU, abi::CUBLASLT_EPILOGUE_BIAS,
                               abi::CUBLASLT_EPILOGUE_RELU_BIAS};
  require(std::ranges::find(types, shape.type) != std::end(types), "the type is not one of products");
  const bool isHalf = shape.type == abi::CUDA_R_16F || shape.type == abi::CUDA_R_16BF;
  require(shape.resultType == shape.type || (isHalf && shape.resultType == abi::CUDA_R_32F), "the result's type does not go with the operands'");
  require(std::ranges::find(epilogues, shape.epilogue) != std::end(epilogues), "the epilogue is not one of products");
  const bool isWide = shape.type == abi::CUDA_R_64F;
  require(isWide == (shape.compute == abi::CUBLAS_COMPUTE_64F), "float64 is computed in float64, and nothing else is");
  require(std::has_single_bit(shape.alignment), "the alignment is no power of two");
  return shape;
}
