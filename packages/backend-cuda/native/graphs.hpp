// Command buffers recorded as CUDA graphs.
#pragma once
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "memory.hpp"
#include "modules.hpp"

using KeptModules = std::vector<std::shared_ptr<Module>>;

/** A recorded command buffer. It keeps the modules whose functions it launches, and knows the memory that it touches. */
class Graph {
 public:
  /** Records what `order` orders on the session's stream. */
  template <class Order>
  Graph(const Session& session, KeptModules modules, std::vector<MemoryUse> touched, uint64_t released, Order order)
      : session(session), modules(std::move(modules)), uses(std::move(touched)), liveAt(released) {
    std::sort(uses.begin(), uses.end());
    uses.erase(std::unique(uses.begin(), uses.end()), uses.end());
    const Cuda& cuda = session.cuda;
    cuda(cuda.cuStreamBeginCapture, session.stream, int(abi::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL));
    struct Recorded {
      const Cuda& cuda;
      abi::CUgraph graph = nullptr;
      ~Recorded() {
        if (graph) cuda.cuGraphDestroy.address(graph);
      }
    } recorded{cuda};
    try {
      order();
    } catch (...) {
      cuda.cuStreamEndCapture.address(session.stream, &recorded.graph);
      throw;
    }
    cuda(cuda.cuStreamEndCapture, session.stream, &recorded.graph);
    cuda(cuda.cuGraphInstantiate, &executable, recorded.graph, 0ull);
  }
  Graph(const Graph&) = delete;
  ~Graph() {
    if (executable) session.cuda.cuGraphExecDestroy.address(executable);
  }

  /** Is all memory that it touches live? Looks again only after some was released. */
  bool isLive(const Allocations& memory) const {
    if (liveAt == memory.released()) return true;
    const auto live = [&](const MemoryUse& use) { return memory.contains(use.address, use.bytes); };
    if (!std::all_of(uses.begin(), uses.end(), live)) return false;
    liveAt = memory.released();
    return true;
  }

  void launch() const { session.cuda(session.cuda.cuGraphLaunch, executable, session.stream); }

 private:
  const Session& session;
  const KeptModules modules;
  std::vector<MemoryUse> uses;
  mutable uint64_t liveAt;
  abi::CUgraphExec executable = nullptr;
};

class Graphs {
 public:
  Graphs(Stamps& stamps, Retired& retired) : retired(retired), graphs(stamps, "graph") {}

  uint64_t add(std::shared_ptr<Graph> graph) { return graphs.add(std::make_unique<std::shared_ptr<Graph>>(std::move(graph))); }

  const Graph* find(uint64_t handle) const {
    const auto* found = graphs.find(handle);
    return found ? found->get() : nullptr;
  }

  void release(uint64_t handle) { retired.keep(*graphs.take(handle)); }
  void clear() { graphs.clear(); }

 private:
  Retired& retired;
  Handles<std::shared_ptr<Graph>> graphs;
};
