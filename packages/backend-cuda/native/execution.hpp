// Orders the commands of a buffer that has been checked.
#pragma once
#include <algorithm>

#include "commands.hpp"

class Execution {
 public:
  Execution(const Session& session, const Names& names, Words words) : session(session), names(names), words(words) {}

  void run() {
    try {
      commands(0, words.size(), 0);
    } catch (Failure& failure) {
      failure.ordered = ordered;
      throw;
    }
  }

 private:
  void commands(size_t from, size_t end, int depth) {
    for (size_t at = from; at < end; at += high(words[at])) {
      switch (Operation(low(words[at]))) {
        case Operation::launch:
          launch(&words[at]);
          break;
        case Operation::copy:
          copy(words[at + 1], words[at + 2], words[at + 3]);
          break;
        case Operation::fill:
          fill(words[at + 1], static_cast<unsigned char>(words[at + 2]), words[at + 3]);
          break;
        case Operation::product:
          names.products.find(words[at + 1])->run({words[at + 2], words[at + 3], words[at + 4], words[at + 5], words[at + 6]});
          break;
        case Operation::convolution:
          names.convolutions.find(words[at + 1])->run({words[at + 2], words[at + 3], words[at + 4], words[at + 5], words[at + 6]});
          break;
        case Operation::graph:
          names.graphs.find(words[at + 1])->launch();
          break;
        case Operation::loop:
          loop(at, depth);
          continue;
      }
      ordered++;
    }
  }

  // The driver refuses no bytes.
  void copy(uint64_t to, uint64_t from, uint64_t bytes) const {
    if (bytes) session.cuda(session.cuda.cuMemcpyDtoDAsync, to, from, bytes, session.stream);
  }
  void fill(uint64_t address, unsigned char value, uint64_t bytes) const {
    if (bytes) session.cuda(session.cuda.cuMemsetD8Async, address, value, bytes, session.stream);
  }

  void launch(const uint64_t* command) {
    const Kernel& kernel = *names.modules.find(command[1]);
    const uint64_t counters = command[5];
    // The driver reads the arguments from the buffer itself.
    for (size_t j = 0; j < kernel.parameters.size(); j++) {
      const uint64_t* argument = &command[launchWords + j];
      parameters[j] = const_cast<uint64_t*>(isCounter(counters, j) ? &indices[*argument] : argument);
    }
    try {
      session.cuda(session.cuda.cuLaunchKernel, kernel.function, low(command[2]), high(command[2]), low(command[3]), high(command[3]),
                   low(command[4]), high(command[4]), 0u, session.stream, parameters, nullptr);
    } catch (Failure& failure) {
      failure.message += "\nin the kernel " + kernel.name;
      throw;
    }
  }

  void loop(size_t at, int depth) {
    const uint32_t count = low(words[at + 1]);
    const bool reverse = high(words[at + 1]);
    const uint64_t address = words[at + 2];
    for (uint32_t step = 0; step < count; step++) {
      indices[depth] = reverse ? count - 1 - step : step;
      if (address) session.cuda(session.cuda.cuMemsetD32Async, address, unsigned(indices[depth]), size_t(1), session.stream);
      commands(at + loopWords, at + high(words[at]), depth + 1);
    }
  }

  const Session& session;
  const Names& names;
  const Words words;
  /** Of the loops around a command, the outermost first. */
  uint64_t indices[deepestLoop] = {};
  void* parameters[Kernel::mostParameters];
  uint64_t ordered = 0;
};

/** The modules of the functions that a checked buffer launches. */
inline KeptModules modulesOf(const Modules& modules, Words words) {
  KeptModules kept;
  for (size_t at = 0; at < words.size(); at += Operation(low(words[at])) == Operation::loop ? loopWords : high(words[at])) {
    if (Operation(low(words[at])) == Operation::launch) kept.push_back(modules.find(words[at + 1])->module);
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}
