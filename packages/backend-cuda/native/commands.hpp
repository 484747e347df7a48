// The format of command buffers (addon.ts describes it), and the check that one is whole, before any of it is ordered.
#pragma once
#include <span>
#include <string>

#include "convolutions.hpp"
#include "graphs.hpp"
#include "memory.hpp"
#include "products.hpp"

enum class Operation : uint32_t { launch = 1, copy = 2, fill = 3, product = 4, graph = 5, loop = 6, convolution = 7 };

using Words = std::span<const uint64_t>;

inline uint32_t low(uint64_t word) { return uint32_t(word); }
inline uint32_t high(uint64_t word) { return uint32_t(word >> 32); }

constexpr size_t launchWords = 6, copyWords = 4, fillWords = 4, productWords = 7, graphWords = 2, loopWords = 3, convolutionWords = 7;
constexpr int deepestLoop = 8;

/** Bit j of a launch's `counters`. Arguments after the 64th are none. */
inline bool isCounter(uint64_t counters, size_t argument) { return argument < 64 && counters >> argument & 1; }

/** What the words of a command may name. */
struct Names {
  const Allocations& memory;
  const Modules& modules;
  const Products& products;
  const Convolutions& convolutions;
  const Graphs& graphs;
};

class Validation {
 public:
  /** `recorded`: where to note the memory that a graph will touch. */
  Validation(const Names& names, Words words, std::vector<MemoryUse>* recorded = nullptr)
      : names(names), words(words), recorded(recorded) {}

  /** Throws a Refusal that says where and why. */
  void check() { commands(0, words.size(), 0); }

 private:
  static constexpr uint64_t mostCommands = uint64_t(1) << 31;

  /** Returns how many commands they order. */
  uint64_t commands(size_t from, size_t end, int depth) {
    uint64_t total = 0;
    for (size_t at = from; at < end;) {
      const size_t length = high(words[at]);
      refuseUnless(length >= 1 && length <= end - at, at, "the length is wrong");
      total += command(at, length, depth);
      refuseUnless(total <= mostCommands, at, "too many commands");
      at += length;
    }
    return total;
  }

  uint64_t command(size_t at, size_t length, int depth) {
    switch (Operation(low(words[at]))) {
      case Operation::launch:
        launch(at, length, depth);
        return 1;
      case Operation::copy:
        exactly(copyWords, at, length);
        range(at, words[at + 1], words[at + 3]);
        range(at, words[at + 2], words[at + 3]);
        refuseUnless(words[at + 3] <= distance(words[at + 1], words[at + 2]), at, "from and to overlap");
        return 1;
      case Operation::fill:
        exactly(fillWords, at, length);
        range(at, words[at + 1], words[at + 3]);
        refuseUnless(words[at + 2] <= 255, at, "the value is no byte");
        return 1;
      case Operation::product:
        product(at, length);
        return 1;
      case Operation::convolution:
        convolution(at, length);
        return 1;
      case Operation::graph:
        graph(at, length);
        return 1;
      case Operation::loop:
        return loop(at, length, depth);
    }
    refuse(at, "unknown operation " + std::to_string(low(words[at])));
  }

  void launch(size_t at, size_t length, int depth) const {
    refuseUnless(length >= launchWords, at, "the length is wrong");
    const Kernel* kernel = names.modules.find(words[at + 1]);
    if (!kernel) refuse(at, "no function has the handle " + std::to_string(words[at + 1]));
    const size_t count = length - launchWords;
    refuseUnless(count == kernel->parameters.size(), at, "the number of arguments is wrong");
    const uint64_t counters = words[at + 5];
    refuseUnless(count >= 64 || counters >> count == 0, at, "there is no such counter");
    dimensions(at, kernel->mostThreads);
    for (size_t j = 0; j < count; j++) {
      const uint64_t word = words[at + launchWords + j];
      const bool address = kernel->parameters[j] == 'p';
      if (isCounter(counters, j)) {
        refuseUnless(!address && word < uint64_t(depth), at, "there is no such loop around it");
      } else if (address && word != 0) {
        if (!names.memory.contains(word)) {
          refuse(at, "argument " + std::to_string(j) + " of " + kernel->name + " is no address: " + std::to_string(word));
        }
        record(word, 1);
      }
    }
  }

  void dimensions(size_t at, int mostThreads) const {
    const uint64_t gridX = low(words[at + 2]), gridY = high(words[at + 2]), gridZ = low(words[at + 3]);
    const uint64_t blockX = high(words[at + 3]), blockY = low(words[at + 4]), blockZ = high(words[at + 4]);
    const auto within = [](uint64_t value, uint64_t most) { return value >= 1 && value <= most; };
    refuseUnless(within(gridX, 0x7fffffff) && within(gridY, 65535) && within(gridZ, 65535), at, "the grid is empty or too large");
    refuseUnless(within(blockX, 1024) && within(blockY, 1024) && within(blockZ, 64), at, "the block is empty or too large");
    refuseUnless(blockX * blockY * blockZ <= uint64_t(mostThreads), at, "the block is larger than its function allows");
  }

  void product(size_t at, size_t length) const {
    exactly(productWords, at, length);
    const Product* plan = names.products.find(words[at + 1]);
    if (!plan) refuse(at, "no product has the handle " + std::to_string(words[at + 1]));
    const uint64_t a = words[at + 2], b = words[at + 3], result = words[at + 4], bias = words[at + 5];
    refuseUnless(((a | b | result) & (plan->shape.alignment - 1)) == 0, at, "an address is not aligned as planned");
    range(at, a, plan->bytesA());
    range(at, b, plan->bytesB());
    range(at, result, plan->bytesResult());
    additions(at, bias, plan->shape.hasBias(), plan->bytesBias(), plan->workspace());
  }

  void convolution(size_t at, size_t length) const {
    exactly(convolutionWords, at, length);
    const Convolution* plan = names.convolutions.find(words[at + 1]);
    if (!plan) refuse(at, "no convolution has the handle " + std::to_string(words[at + 1]));
    const uint64_t image = words[at + 2], other = words[at + 3], result = words[at + 4], bias = words[at + 5];
    refuseUnless(((image | other | result | bias) & 15) == 0, at, "an address is not aligned to 16 bytes");
    range(at, image, plan->shape.bytesImage());
    range(at, other, plan->bytesOther());
    range(at, result, plan->bytesResult());
    additions(at, bias, plan->shape.hasBias(), plan->shape.bytesBias(), plan->workspace());
  }

  /** The bias and the workspace of a product or convolution, which are its last words. */
  void additions(size_t at, uint64_t bias, bool hasBias, uint64_t bytesBias, uint64_t bytesWorkspace) const {
    const uint64_t workspace = words[at + 6];
    refuseUnless((bias != 0) == hasBias, at, "a bias is missing or too many");
    range(at, bias, bytesBias);
    refuseUnless(workspace % 256 == 0, at, "the workspace is not aligned to 256 bytes");
    range(at, workspace, bytesWorkspace);
  }

  void graph(size_t at, size_t length) const {
    exactly(graphWords, at, length);
    refuseUnless(!recorded, at, "a graph cannot be part of a graph");
    const Graph* recording = names.graphs.find(words[at + 1]);
    if (!recording) refuse(at, "no graph has the handle " + std::to_string(words[at + 1]));
    refuseUnless(recording->isLive(names.memory), at, "the graph touches memory that was released");
  }

  uint64_t loop(size_t at, size_t length, int depth) {
    refuseUnless(length >= loopWords, at, "the length is wrong");
    refuseUnless(depth < deepestLoop, at, "loops nest too deep");
    const uint64_t count = low(words[at + 1]), address = words[at + 2];
    refuseUnless(count <= 0x7fffffff && high(words[at + 1]) <= 1, at, "the count is wrong");
    if (address != 0) {
      refuseUnless(address % 4 == 0, at, "the counter's address is not aligned");
      range(at, address, 4);
    }
    const uint64_t body = commands(at + loopWords, at + length, depth + 1);
    // Both are at most 2^31 + 1, so this does not overflow.
    const uint64_t total = count * (body + 1) + 1;
    refuseUnless(total <= mostCommands, at, "too many commands");
    return total;
  }

  static uint64_t distance(uint64_t a, uint64_t b) { return a < b ? b - a : a - b; }

  void exactly(size_t expected, size_t at, size_t length) const { refuseUnless(length == expected, at, "the length is wrong"); }

  void range(size_t at, uint64_t address, uint64_t bytes) const {
    if (names.memory.contains(address, bytes)) return record(address, bytes);
    refuse(at, std::to_string(bytes) + " bytes at " + std::to_string(address) + " are not in a live allocation");
  }

  void record(uint64_t address, uint64_t bytes) const {
    if (recorded && bytes) recorded->push_back({address, bytes});
  }

  void refuseUnless(bool condition, size_t at, const char* why) const {
    if (!condition) refuse(at, why);
  }
  [[noreturn]] static void refuse(size_t at, const std::string& why) {
    throw Refusal{"command at word " + std::to_string(at) + ": " + why};
  }

  const Names names;
  const Words words;
  std::vector<MemoryUse>* const recorded;
};
