// What all parts of the fake driver share: statuses, the modes that tests set, and the bookkeeping of every exported function.
//
// The library looks like libcuda, libnvrtc and libcublasLt in one. Device memory is host memory, a kernel is host code that tcc or g++
// compiled, a stream runs when somebody waits for it.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace fake {

// CUresult, as cuda.h 13.0 numbers it.
enum Status : int {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  NO_BINARY_FOR_GPU = 209,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  CONTEXT_IS_DESTROYED = 709,
  MISALIGNED_ADDRESS = 716,
  LAUNCH_FAILED = 719,
  STREAM_CAPTURE_UNSUPPORTED = 900,
  STREAM_CAPTURE_INVALIDATED = 901,
  STREAM_CAPTURE_UNMATCHED = 903,
  STREAM_CAPTURE_IMPLICIT = 906,
};

struct Dimensions {
  unsigned x, y, z;
  size_t count() const { return size_t(x) * y * z; }
};

enum class Order { forward, reverse, shuffle };

// The modes. `set NAME VALUE` of the control function changes one, FAKE_CUDA_NAME in the environment gives its first value.
struct Settings {
  Order threads = Order::forward;  // in which the threads of a block run between barriers
  Order blocks = Order::forward;
  uint64_t seed = 1;
  bool poison = true;     // fresh and freed device memory, and fresh shared memory, hold NaN
  bool redzones = true;   // checked after every launch and when memory is freed
  bool guard = false;     // an access outside of an allocation is an illegal address
  bool eager = false;     // streams run at once instead of when somebody waits
  bool noop = false;      // launches and products are counted, not run
  bool keep = false;      // the texts of programs are kept for tests
  unsigned delay = 0;     // milliseconds before each operation of a stream
  unsigned polls = 2;     // how often an event that nobody waits for says "not ready" before its stream starts to run by itself
  uint64_t memory = 1ull << 30;           // bytes of a device
  uint64_t failAfter = ~0ull;             // allocations fail once so many bytes were asked for
  int devices = 1;
  int version = 13000;
  int capability = 90;
  int multiprocessors = 4;
  int compilerVersion = 13000;
  std::string compiler = "auto";          // tcc | g++ | auto: tcc where there is one
  std::string flags;                      // more flags for it
  std::string cache;                      // folder of compiled programs; empty: beside the library
};
// Never destroyed, as all state of the fake: threads may call the driver while the process ends.
extern Settings& settings;

// Every exported function counts its calls and may be told to fail.
class Call {
 public:
  explicit Call(const char* function);
  // The status that a test injected for this call, or 0.
  int enter();
  const char* const function;
  std::atomic<uint64_t> count{0};
};

#define CALL(function)                 \
  static fake::Call call_(#function);  \
  if (int injected = call_.enter()) return injected

// Counts as the function `kernel`: a failure that a test injects while a kernel or product runs, not when it is ordered.
int enterKernel(const std::string& name);

// Records a failure of a kernel or of memory and returns its status. Also printed where FAKE_CUDA_VERBOSE is set.
int failure(int status, const std::string& message);
// What the last failure was, if it had this status.
std::string lastFailure(int status);

// The log of what ran: one launch or product.
void logLaunch(const std::string& name, Dimensions grid, Dimensions block);

// Keeps the text of a program, once, where the mode `keep` is on.
void keepProgram(const std::string& source);

// What is alive, by class, for tests that look for leaks.
struct Live {
  const char* what;
  std::atomic<int64_t> count{0};
  explicit Live(const char* name);
};

uint64_t randomNumber(uint64_t& state);

}  // namespace fake
