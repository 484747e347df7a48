// What goes wrong: a library's call failed, or the caller is wrong. Both are thrown, and become JavaScript errors in napi.hpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

/** A call of a library that failed. */
struct Failure {
  std::string call;
  int status;
  std::string message;
  /** Of command buffers: how many commands had been ordered before. */
  std::optional<uint64_t> ordered = std::nullopt;
};

/** What the caller passed is wrong; nothing has happened. */
struct Refusal {
  std::string message;
};

inline void require(bool condition, const char* message) {
  if (!condition) throw Refusal{message};
}
