// How tests steer the fake and look inside: modes, injected failures, counters, the log of launches.
// `fake_cuda_control(command)` answers with JSON; control.ts is its only caller.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <sstream>
#include <vector>

#include "fake.hpp"
#include "memory.hpp"

namespace fake {

Settings& settings = *new Settings;

namespace {

std::mutex& lock = *new std::mutex;
std::map<std::string, Call*>& calls = *new std::map<std::string, Call*>;
std::string& firstFailure = *new std::string;
std::string& lastText = *new std::string;
int lastStatus = 0;
std::atomic<uint64_t> allCalls{0};

struct Launched {
  std::string name;
  Dimensions grid, block;
};
std::deque<Launched>& launches = *new std::deque<Launched>;
std::vector<std::string>& programs = *new std::vector<std::string>;
constexpr size_t LOG_LENGTH = 100'000;

// Objects of other files register while the library loads, in any order.
std::vector<Live*>& liveClasses() {
  static auto& list = *new std::vector<Live*>;
  return list;
}

// One failure to come. `*` counts the calls of all functions.
struct Injection {
  std::string function;
  uint64_t skip, times;
  int status;
};
std::vector<Injection>& injections = *new std::vector<Injection>;
std::atomic<bool> injecting{false};

Order orderOf(const std::string& value) {
  return value == "reverse" ? Order::reverse : value == "shuffle" ? Order::shuffle : Order::forward;
}

using Setter = std::function<void(const std::string&)>;

template <class T> Setter number(T& field) {
  return [&field](const std::string& value) { field = static_cast<T>(std::strtoull(value.c_str(), nullptr, 10)); };
}

const std::map<std::string, Setter>& setters() {
  static const auto& table = *new std::map<std::string, Setter>{
      {"threads", [](auto& v) { settings.threads = orderOf(v); }},
      {"blocks", [](auto& v) { settings.blocks = orderOf(v); }},
      {"seed", number(settings.seed)},
      {"poison", number(settings.poison)},
      {"redzones", number(settings.redzones)},
      {"guard", number(settings.guard)},
      {"eager", number(settings.eager)},
      {"noop", number(settings.noop)},
      {"keep", number(settings.keep)},
      {"delay", number(settings.delay)},
      {"polls", number(settings.polls)},
      {"memory", number(settings.memory)},
      {"failAfter", [](auto& v) { settings.failAfter = std::strtoull(v.c_str(), nullptr, 10), resetAsked(); }},
      {"devices", number(settings.devices)},
      {"version", number(settings.version)},
      {"capability", number(settings.capability)},
      {"multiprocessors", number(settings.multiprocessors)},
      {"compilerVersion", number(settings.compilerVersion)},
      {"compiler", [](auto& v) { settings.compiler = v; }},
      {"flags", [](auto& v) { settings.flags = v; }},
      {"cache", [](auto& v) { settings.cache = v; }},
  };
  return table;
}

// FAKE_CUDA_FAIL_AFTER for failAfter.
std::string variable(const std::string& name) {
  std::string result = "FAKE_CUDA_";
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') result += '_';
    result += static_cast<char>(std::toupper(c));
  }
  return result;
}

void applyEnvironment() {
  for (auto& [name, set] : setters())
    if (const char* value = std::getenv(variable(name).c_str())) set(value);
}

[[maybe_unused]] const bool applied = (applyEnvironment(), true);

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (unsigned char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\') result += '\\', result += static_cast<char>(c);
    else if (c < 0x20) std::snprintf(escaped, sizeof escaped, "\\u%04x", c), result += escaped;
    else result += static_cast<char>(c);
  }
  return result + '"';
}

template <class Items, class Print> std::string joined(const char* open, const Items& items, const char* close, Print print) {
  std::string result = open;
  for (auto& item : items) {
    if (result.size() > 1) result += ',';
    result += print(item);
  }
  return result + close;
}

std::string error(const std::string& message) { return "{\"error\":" + quoted(message) + "}"; }

std::string fail(std::istringstream& words) {
  Injection injection{"", 0, 1, 0};
  uint64_t nth = 0;
  words >> injection.function >> nth >> injection.status;
  if (!words || nth == 0) return error("fail FUNCTION NTH STATUS [TIMES]");
  words >> injection.times;
  if (injection.times == 0) injection.times = 1;
  injection.skip = nth - 1;
  injections.push_back(injection);
  injecting = true;
  return "true";
}

std::string reset() {
  settings = Settings{};
  applyEnvironment();
  resetAsked();
  injections.clear();
  injecting = false;
  for (auto& [name, call] : calls) call->count = 0;
  allCalls = 0;
  launches.clear();
  programs.clear();
  firstFailure.clear();
  lastStatus = 0;
  return "true";
}

std::string answer(const std::string& command) {
  std::istringstream words(command);
  std::string verb, name, value;
  words >> verb;
  std::lock_guard guard(lock);
  if (verb == "set") {
    words >> name;
    std::getline(words >> std::ws, value);
    auto found = setters().find(name);
    if (found == setters().end()) return error("no setting is called " + name);
    found->second(value);
    return "true";
  }
  if (verb == "fail") return fail(words);
  if (verb == "reset") return reset();
  if (verb == "failure") return quoted(firstFailure);
  if (verb == "total") return std::to_string(allCalls.load());
  if (verb == "check") return quoted(checkRedzones());
  if (verb == "calls")
    return joined("{", calls, "}", [](auto& c) { return quoted(c.first) + ":" + std::to_string(c.second->count.load()); });
  if (verb == "live")
    return joined("{", liveClasses(), "}", [](Live* l) { return quoted(l->what) + ":" + std::to_string(l->count.load()); });
  if (verb == "programs") return joined("[", programs, "]", quoted);
  if (verb == "log")
    return joined("[", launches, "]", [](const Launched& l) {
      std::ostringstream out;
      out << "{\"name\":" << quoted(l.name) << ",\"grid\":[" << l.grid.x << ',' << l.grid.y << ',' << l.grid.z << "],\"block\":[" << l.block.x
          << ',' << l.block.y << ',' << l.block.z << "]}";
      return out.str();
    });
  return error("no command is called " + verb);
}

}  // namespace

Call::Call(const char* name) : function(name) {
  std::lock_guard guard(lock);
  calls[name] = this;
}

int Call::enter() {
  count.fetch_add(1, std::memory_order_relaxed);
  allCalls.fetch_add(1, std::memory_order_relaxed);
  if (!injecting.load(std::memory_order_relaxed)) return 0;
  std::lock_guard guard(lock);
  for (auto& injection : injections) {
    if (injection.function != "*" && injection.function != function) continue;
    if (injection.times == 0) continue;
    if (injection.skip > 0) {
      injection.skip--;
      continue;
    }
    injection.times--;
    return injection.status;
  }
  return 0;
}

int enterKernel(const std::string& name) {
  static Call kernels("kernel");
  int status = kernels.enter();
  return status == 0 ? 0 : failure(status, "kernel " + name + ": a failure that a test asked for");
}

Live::Live(const char* name) : what(name) { liveClasses().push_back(this); }

int failure(int status, const std::string& message) {
  std::lock_guard guard(lock);
  if (firstFailure.empty()) firstFailure = message;
  lastText = message, lastStatus = status;
  if (std::getenv("FAKE_CUDA_VERBOSE")) std::fprintf(stderr, "fake cuda: %s\n", message.c_str());
  return status;
}

std::string lastFailure(int status) {
  std::lock_guard guard(lock);
  return status == lastStatus ? lastText : "";
}

void logLaunch(const std::string& name, Dimensions grid, Dimensions block) {
  std::lock_guard guard(lock);
  if (launches.size() == LOG_LENGTH) launches.pop_front();
  launches.push_back({name, grid, block});
}

void keepProgram(const std::string& source) {
  std::lock_guard guard(lock);
  if (settings.keep && std::find(programs.begin(), programs.end(), source) == programs.end()) programs.push_back(source);
}

uint64_t randomNumber(uint64_t& state) {  // xorshift64 (Marsaglia 2003)
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

}  // namespace fake

// The answer lives until the thread's next call.
EXPORT const char* fake_cuda_control(const char* command) {
  static thread_local std::string result;
  result = fake::answer(command);
  return result.c_str();
}
