// Node-API in C++: values, arguments, and C++ exceptions as JavaScript errors.
#pragma once
#include <node_api.h>

#include <cmath>
#include <exception>
#include <initializer_list>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "errors.hpp"

/** Node-API has failed, usually since a JavaScript exception is pending. */
struct Pending {};

inline void expect(napi_status status) {
  if (status != napi_ok) throw Pending{};
}

// ---- values from C++ ----

inline napi_value undefined(napi_env env) {
  napi_value result;
  expect(napi_get_undefined(env, &result));
  return result;
}

inline napi_value toValue(napi_env env, const std::string& text) {
  napi_value result;
  expect(napi_create_string_utf8(env, text.data(), text.size(), &result));
  return result;
}

inline napi_value toValue(napi_env env, double number) {
  napi_value result;
  expect(napi_create_double(env, number, &result));
  return result;
}

inline napi_value toValue(napi_env env, uint64_t number) { return toValue(env, double(number)); }
inline napi_value toValue(napi_env env, int number) { return toValue(env, double(number)); }

inline napi_value toValue(napi_env env, bool truth) {
  napi_value result;
  expect(napi_get_boolean(env, truth, &result));
  return result;
}

inline napi_value toArray(napi_env env, const std::vector<napi_value>& elements) {
  napi_value result;
  expect(napi_create_array_with_length(env, elements.size(), &result));
  for (size_t i = 0; i < elements.size(); i++) expect(napi_set_element(env, result, uint32_t(i), elements[i]));
  return result;
}

using Property = std::pair<const char*, napi_value>;

inline napi_value toObject(napi_env env, std::initializer_list<Property> properties) {
  napi_value result;
  expect(napi_create_object(env, &result));
  for (const auto& [name, value] : properties) expect(napi_set_named_property(env, result, name, value));
  return result;
}

struct NewBuffer {
  napi_value value;
  char* data;
};

/** A large one may run the caller's code, which may have changed JavaScript's own objects. */
inline NewBuffer newArrayBuffer(napi_env env, size_t bytes) {
  constexpr size_t large = 1 << 20;
  NewBuffer buffer{};
  void* data = nullptr;
  if (bytes < large) {
    expect(napi_create_arraybuffer(env, bytes, &data, &buffer.value));
  } else {
    // Where there is no memory JavaScript's constructor throws, and Node-API's function ends the process. The global name may be another's.
    napi_value empty, prototype, constructor;
    const napi_value length = toValue(env, uint64_t(bytes));
    expect(napi_create_arraybuffer(env, 0, &data, &empty));
    expect(napi_get_prototype(env, empty, &prototype));
    expect(napi_get_named_property(env, prototype, "constructor", &constructor));
    expect(napi_new_instance(env, constructor, 1, &length, &buffer.value));
    size_t made = 0;
    expect(napi_get_arraybuffer_info(env, buffer.value, &data, &made));
    require(made == bytes, "ArrayBuffer is not JavaScript's");
  }
  buffer.data = static_cast<char*>(data);
  return buffer;
}

// ---- errors ----

/** The error that addon.ts describes. */
inline napi_value toError(napi_env env, const Failure& failure) {
  napi_value error;
  expect(napi_create_error(env, toValue(env, std::string("ERR_CUDA")), toValue(env, failure.message), &error));
  expect(napi_set_named_property(env, error, "call", toValue(env, failure.call)));
  expect(napi_set_named_property(env, error, "status", toValue(env, failure.status)));
  if (failure.ordered) expect(napi_set_named_property(env, error, "ordered", toValue(env, *failure.ordered)));
  return error;
}

inline void throwPending(napi_env env) {
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  const napi_extended_error_info* info = nullptr;
  if (pending) return;
  napi_get_last_error_info(env, &info);
  napi_throw_error(env, nullptr, info && info->error_message ? info->error_message : "Node-API failed");
}

/** Calls, and throws in JavaScript what is thrown in C++. */
template <class Body>
napi_value guarded(napi_env env, Body body) noexcept {
  try {
    try {
      return body();
    } catch (const Failure& failure) {
      expect(napi_throw(env, toError(env, failure)));
    } catch (const Refusal& refusal) {
      expect(napi_throw_type_error(env, nullptr, refusal.message.c_str()));
    } catch (const std::exception& error) {
      expect(napi_throw_error(env, nullptr, error.what()));
    }
  } catch (const Pending&) {
    throwPending(env);
  }
  return nullptr;
}

// ---- values from JavaScript ----

inline napi_valuetype typeOf(napi_env env, napi_value value) {
  napi_valuetype type;
  expect(napi_typeof(env, value, &type));
  return type;
}

inline double toNumber(napi_env env, napi_value value, const std::string& name) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) throw Refusal{name + " is no number"};
  return number;
}

inline bool toBoolean(napi_env env, napi_value value, const std::string& name) {
  bool result = false;
  if (napi_get_value_bool(env, value, &result) != napi_ok) throw Refusal{name + " is no boolean"};
  return result;
}

/** An integer from `least` to `most`, at most 2^53 - 1. */
inline int64_t toInteger(napi_env env, napi_value value, const std::string& name, int64_t least, int64_t most) {
  const double number = toNumber(env, value, name);
  if (!(number >= double(least) && number <= double(most)) || number != std::floor(number)) {
    throw Refusal{name + " is no integer from " + std::to_string(least) + " to " + std::to_string(most)};
  }
  return int64_t(number);
}

constexpr int64_t largestSafeInteger = (int64_t(1) << 53) - 1;

inline std::string toString(napi_env env, napi_value value, const std::string& name) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) throw Refusal{name + " is no string"};
  std::string text(length, '\0');
  expect(napi_get_value_string_utf8(env, value, text.data(), length + 1, &length));
  return text;
}

inline std::vector<std::string> toStrings(napi_env env, napi_value value, const std::string& name) {
  uint32_t length = 0;
  if (napi_get_array_length(env, value, &length) != napi_ok) throw Refusal{name + " is no array"};
  std::vector<std::string> result;
  for (uint32_t i = 0; i < length; i++) {
    napi_value element;
    expect(napi_get_element(env, value, i, &element));
    result.push_back(toString(env, element, name));
  }
  return result;
}

inline napi_value getProperty(napi_env env, napi_value object, const std::string& name) {
  if (typeOf(env, object) != napi_object) throw Refusal{"an object with " + name + " is missing"};
  napi_value value;
  expect(napi_get_named_property(env, object, name.c_str(), &value));
  return value;
}

inline std::span<char> toArrayBuffer(napi_env env, napi_value value) {
  bool is = false;
  expect(napi_is_arraybuffer(env, value, &is));
  require(is, "the buffer is no ArrayBuffer");
  void* data = nullptr;
  size_t bytes = 0;
  expect(napi_get_arraybuffer_info(env, value, &data, &bytes));
  return {static_cast<char*>(data), bytes};
}

inline size_t elementBytes(napi_typedarray_type type) {
  switch (type) {
    case napi_int8_array:
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return 1;
    case napi_int16_array:
    case napi_uint16_array:
      return 2;
    case napi_float64_array:
    case napi_bigint64_array:
    case napi_biguint64_array:
      return 8;
    case napi_int32_array:
    case napi_uint32_array:
    case napi_float32_array:
      return 4;
    default:
      // Float16Array, since Node-API of Node 24.
      return 2;
  }
}

/** The bytes of a typed array or a DataView. */
inline std::span<char> toBytes(napi_env env, napi_value value) {
  bool typed = false, view = false;
  expect(napi_is_typedarray(env, value, &typed));
  void* data = nullptr;
  size_t length = 0;
  if (typed) {
    napi_typedarray_type type;
    expect(napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr));
    return {static_cast<char*>(data), length * elementBytes(type)};
  }
  expect(napi_is_dataview(env, value, &view));
  require(view, "the data is no view of an ArrayBuffer");
  expect(napi_get_dataview_info(env, value, &length, &data, nullptr, nullptr));
  return {static_cast<char*>(data), length};
}

/** The arguments of a call, read with names for messages. */
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info) : env(env) { expect(napi_get_cb_info(env, info, &count, values, &self, nullptr)); }

  napi_value at(size_t index) const { return values[index]; }
  int64_t integer(size_t index, const char* name, int64_t least = 0, int64_t most = largestSafeInteger) const {
    return toInteger(env, at(index), name, least, most);
  }
  std::string string(size_t index, const char* name) const { return toString(env, at(index), name); }
  std::vector<std::string> strings(size_t index, const char* name) const { return toStrings(env, at(index), name); }
  std::span<char> bytes(size_t index) const { return toBytes(env, at(index)); }
  std::span<char> arrayBuffer(size_t index) const { return toArrayBuffer(env, at(index)); }

  const napi_env env;
  napi_value self = nullptr;

 private:
  static constexpr size_t most = 4;
  size_t count = most;
  /** Node-API fills the missing ones with undefined. */
  napi_value values[most] = {};
};
