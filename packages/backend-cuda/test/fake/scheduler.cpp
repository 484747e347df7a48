// The threads of a block run one after the other on one fiber until one of them has to wait: it keeps the fiber, and another one goes on with
// the threads that have not started. So kernels without barriers cost no switches.
#include "scheduler.hpp"

#include <signal.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "fibers.hpp"
#include "guard.hpp"
#include "sharedMemory.hpp"

namespace fake {

namespace {

constexpr unsigned WARP = 32;
// What a shuffle reads from a lane that does not exist: NaN as float and as double.
constexpr unsigned long long NO_LANE = 0x7ff8dead7fc0deadull;

enum class State { unstarted, running, ready, atBarrier, atWarpBarrier, done };

struct Thread {
  State state;
  int line;
  unsigned buffer;  // of the warp's two rows of slots, which the next exchange uses
  Fiber* fiber;
};

// Where threads of a block or of a warp meet. All must come by one line: then they go on together.
struct Gate {
  unsigned arrived = 0;
  int line = 0;
  bool mixed = false;
};

void fiberBody();

class Scheduler {
 public:
  int run(const Entry& entry, void** parameters, Dimensions grid, Dimensions block);

  [[noreturn]] void fiberLoop();
  void wait(State where, int line);
  unsigned long long exchange(unsigned long long bits, unsigned lane, int line);
  unsigned ballot(int predicate, int line);
  void* shared(const void* site, size_t bytes, int line);
  void aligned(const void* address, unsigned bytes, int line);
  void crash(const Fault& fault);

 private:
  bool runBlock();
  void startOthers();
  void resumeReady();
  void resume(unsigned thread);
  void start(unsigned thread);
  void arrive(Gate& gate, unsigned first, unsigned end, State where, int line);
  void divergence();
  void checkShared();
  void fail(int status, int line, const std::string& what);
  std::string place(int line) const;
  unsigned warpStart() const { return current_ / WARP * WARP; }
  unsigned warpEnd() const { return std::min(warpStart() + WARP, unsigned(threads_.size())); }
  unsigned long long* slots(unsigned buffer) { return &slots_[(current_ / WARP * 2 + buffer) * WARP]; }
  std::vector<unsigned> permutation(size_t count, Order order);
  Fiber* freshFiber();

  EmuThread emu_{};
  const Entry* entry_ = nullptr;
  void** parameters_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<unsigned> order_;
  std::vector<unsigned long long> slots_;
  Gate gate_;
  std::vector<Gate> warpGates_;
  unsigned current_ = 0, started_ = 0, done_ = 0;
  int status_ = 0;
  uint64_t random_ = 1;

  std::deque<Fiber> fibers_;
  std::vector<Fiber*> idle_;
  Fiber* running_ = nullptr;

  SharedMemory shared_;
};

Scheduler& scheduler() {
  static Scheduler& only = *new Scheduler;
  return only;
}

void fiberBody() { scheduler().fiberLoop(); }

Fiber* Scheduler::freshFiber() {
  if (idle_.empty()) {
    fibers_.emplace_back();
    fibers_.back().prepare(fiberBody);
    return &fibers_.back();
  }
  Fiber* fiber = idle_.back();
  idle_.pop_back();
  return fiber;
}

void Scheduler::start(unsigned thread) {
  threads_[thread].state = State::running;
  threads_[thread].fiber = running_;
  current_ = thread;
  emu_.thread = {thread % emu_.threads.x, thread / emu_.threads.x % emu_.threads.y, thread / emu_.threads.x / emu_.threads.y};
  emu_.lane = thread % WARP;
}

void Scheduler::fiberLoop() {
  for (;;) {
    while (started_ < threads_.size()) {
      start(order_[started_++]);
      entry_->call(parameters_);
      threads_[current_].state = State::done;
      done_++;
    }
    idle_.push_back(running_);
    running_->suspend();
  }
}

void Scheduler::startOthers() {
  while (started_ < threads_.size() && status_ == 0) {
    running_ = freshFiber();
    running_->resume();
  }
}

void Scheduler::resume(unsigned thread) {
  Thread& t = threads_[thread];
  running_ = t.fiber;
  t.state = State::running;
  current_ = thread;
  emu_.thread = {thread % emu_.threads.x, thread / emu_.threads.x % emu_.threads.y, thread / emu_.threads.x / emu_.threads.y};
  emu_.lane = thread % WARP;
  running_->resume();
}

// Once through the threads in their order. Who arrives last at a barrier waits as well, so that the order holds after it too.
void Scheduler::resumeReady() {
  bool progress = false;
  for (unsigned thread : order_) {
    if (threads_[thread].state != State::ready) continue;
    progress = true;
    resume(thread);
    if (status_ != 0) return;
  }
  if (!progress) divergence();
}

bool Scheduler::runBlock() {
  started_ = done_ = 0;
  threads_.assign(threads_.size(), {State::unstarted, 0, 0, nullptr});
  std::fill(slots_.begin(), slots_.end(), NO_LANE);
  gate_ = {};
  warpGates_.assign((threads_.size() + WARP - 1) / WARP, {});
  shared_.clear();
  startOthers();
  while (status_ == 0 && done_ < threads_.size()) resumeReady();
  if (status_ == 0) checkShared();
  return status_ == 0;
}

int Scheduler::run(const Entry& entry, void** parameters, Dimensions grid, Dimensions block) {
  entry_ = &entry, parameters_ = parameters, status_ = 0, random_ = settings.seed | 1;
  threads_.resize(block.count());
  slots_.resize((block.count() + WARP - 1) / WARP * WARP * 2);
  emu_.threads = block, emu_.blocks = grid;
  emu_.barrier = [](int line) { scheduler().wait(State::atBarrier, line); };
  emu_.warpBarrier = [](int line) { scheduler().wait(State::atWarpBarrier, line); };
  emu_.exchange = [](unsigned long long bits, unsigned lane, int line) { return scheduler().exchange(bits, lane, line); };
  emu_.ballot = [](int predicate, int line) { return scheduler().ballot(predicate, line); };
  emu_.shared = [](const void* site, unsigned long long bytes, int line) { return scheduler().shared(site, bytes, line); };
  emu_.aligned = [](const void* address, unsigned bytes, int line) { scheduler().aligned(address, bytes, line); };
  entry.bind(&emu_);
  order_ = permutation(threads_.size(), settings.threads);
  GuardScope guard([](const Fault& fault) { scheduler().crash(fault); });
  auto blocks = permutation(grid.count(), settings.blocks);
  for (size_t b : blocks) {
    emu_.block = {unsigned(b % grid.x), unsigned(b / grid.x % grid.y), unsigned(b / grid.x / grid.y)};
    if (!runBlock()) break;
  }
  if (status_ != 0) fibers_.clear(), idle_.clear();  // they stand in the middle of a kernel
  return status_;
}

std::vector<unsigned> Scheduler::permutation(size_t count, Order order) {
  std::vector<unsigned> result(count);
  std::iota(result.begin(), result.end(), 0u);
  if (order == Order::reverse) std::reverse(result.begin(), result.end());
  if (order == Order::shuffle)
    for (size_t i = count; i > 1; i--) std::swap(result[i - 1], result[randomNumber(random_) % i]);
  return result;
}

// ---- what kernels call, on their fibers ----

void Scheduler::arrive(Gate& gate, unsigned first, unsigned end, State where, int line) {
  threads_[current_].state = where;
  threads_[current_].line = line;
  if (gate.arrived++ == 0) gate.line = line;
  else if (gate.line != line) gate.mixed = true;
  if (gate.arrived < end - first || gate.mixed) return;
  for (unsigned t = first; t < end; t++) threads_[t].state = State::ready;
  gate = {};
}

void Scheduler::wait(State where, int line) {
  if (where == State::atBarrier) arrive(gate_, 0, unsigned(threads_.size()), where, line);
  else arrive(warpGates_[current_ / WARP], warpStart(), warpEnd(), where, line);
  running_->suspend();
}

unsigned long long Scheduler::exchange(unsigned long long bits, unsigned lane, int line) {
  // Two rows: a lane that is a shuffle ahead must not overwrite what others have not read.
  unsigned buffer = threads_[current_].buffer ^= 1;
  slots(buffer)[current_ % WARP] = bits;
  wait(State::atWarpBarrier, line);
  return slots(buffer)[lane % WARP];
}

unsigned Scheduler::ballot(int predicate, int line) {
  unsigned buffer = threads_[current_].buffer ^= 1;
  slots(buffer)[current_ % WARP] = predicate ? 1 : 0;
  wait(State::atWarpBarrier, line);
  unsigned result = 0;
  for (unsigned t = warpStart(); t < warpEnd(); t++) result |= unsigned(slots(buffer)[t % WARP]) << (t % WARP);
  return result;
}

void* Scheduler::shared(const void* key, size_t bytes, int line) {
  void* array = shared_.array(key, bytes, line);
  if (array == nullptr)
    fail(LAUNCH_OUT_OF_RESOURCES, line, "more than " + std::to_string(SharedMemory::LIMIT) + " bytes of shared memory");
  return array;
}

void Scheduler::checkShared() {
  if (int line = shared_.damaged(); line != 0)
    status_ = failure(ILLEGAL_ADDRESS, "kernel " + entry_->name + ": a write behind the shared memory of line " + std::to_string(line));
}

void Scheduler::aligned(const void* address, unsigned bytes, int line) {
  if (reinterpret_cast<uint64_t>(address) % bytes != 0)
    fail(MISALIGNED_ADDRESS, line, "an access of " + std::to_string(bytes) + " bytes at " + std::to_string(reinterpret_cast<uint64_t>(address)));
}

// ---- what goes wrong ----

std::string Scheduler::place(int line) const {
  auto text = [](Dimensions d) { return std::to_string(d.x) + ',' + std::to_string(d.y) + ',' + std::to_string(d.z); };
  return "kernel " + entry_->name + (line > 0 ? ", line " + std::to_string(line) : "") + ", block " + text(emu_.block) + ", thread " + text(emu_.thread);
}

// Ends the grid. The fiber, if one runs, is never resumed.
void Scheduler::fail(int status, int line, const std::string& what) {
  status_ = failure(status, place(line) + ": " + what);
  running_->suspend();
}

void Scheduler::crash(const Fault& fault) {
  std::string where = sourceLine(fault.instruction);
  if (fault.signal == SIGFPE) fail(LAUNCH_FAILED, 0, "an integer division that has no result" + where);
  if (fault.signal == SIGILL) fail(LAUNCH_FAILED, 0, "a sanitizer's check failed" + where);
  fail(ILLEGAL_ADDRESS, 0, "an access at " + std::to_string(reinterpret_cast<uint64_t>(fault.address)) + ", outside of all allocations" + where);
}

// All threads wait or are done, and no barrier is complete. Not called on a fiber.
void Scheduler::divergence() {
  const Thread* waiting = nullptr;
  std::string others;
  for (const Thread& t : threads_) {
    if (t.state != State::done && waiting == nullptr) waiting = &t;
    else if (waiting != nullptr && (t.state != waiting->state || t.line != waiting->line)) others = "wait at line " + std::to_string(t.line);
  }
  if (done_ > 0) others = "have ended";
  const char* what = waiting->state == State::atBarrier ? "barrier" : "warp barrier or shuffle";
  status_ = failure(LAUNCH_FAILED, "kernel " + entry_->name + ", line " + std::to_string(waiting->line) + ": a divergent " + what + ": other threads " + others);
}

}  // namespace

int runGrid(const Entry& entry, void** parameters, Dimensions grid, Dimensions block) {
  return scheduler().run(entry, parameters, grid, block);
}

}  // namespace fake
