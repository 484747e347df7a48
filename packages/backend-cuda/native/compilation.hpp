// Compiling in a thread of Node's pool, so that the event loop goes on. NVRTC may be called by several threads at once.
#pragma once
#include <memory>
#include <optional>

#include "modules.hpp"
#include "napi.hpp"

inline napi_value toBytes(napi_env env, const std::vector<char>& bytes) {
  const NewBuffer buffer = newArrayBuffer(env, bytes.size());
  std::copy(bytes.begin(), bytes.end(), buffer.data);
  napi_value result;
  expect(napi_create_typedarray(env, napi_uint8_array, bytes.size(), buffer.value, 0, &result));
  return result;
}

/** One program under way. It needs no device, and outlives one that is closed. */
class Compilation {
 public:
  /** The promise of the cubin. */
  static napi_value start(napi_env env, const Nvrtc& nvrtc, std::string source, std::vector<std::string> options) {
    std::unique_ptr<Compilation> compilation(new Compilation(nvrtc, std::move(source), std::move(options)));
    napi_value promise;
    expect(napi_create_promise(env, &compilation->deferred, &promise));
    expect(napi_create_async_work(env, nullptr, toValue(env, std::string("compile CUDA")), execute, complete, compilation.get(),
                                  &compilation->work));
    if (napi_queue_async_work(env, compilation->work) != napi_ok) {
      napi_delete_async_work(env, compilation->work);
      throw Pending{};
    }
    compilation.release();
    return promise;
  }

 private:
  Compilation(const Nvrtc& nvrtc, std::string source, std::vector<std::string> options)
      : nvrtc(nvrtc), source(std::move(source)), options(std::move(options)) {}

  static void execute(napi_env, void* data) {
    Compilation& self = *static_cast<Compilation*>(data);
    try {
      self.cubin = compileProgram(self.nvrtc, self.source, self.options);
    } catch (const Failure& thrown) {
      self.failure = thrown;
    } catch (const std::exception& error) {
      self.failure = Failure{"nvrtcCompileProgram", 1, std::string("nvrtcCompileProgram: ") + error.what()};
    }
  }

  /** In JavaScript's thread. Where the environment ends nothing can be told any more. */
  static void complete(napi_env env, napi_status, void* data) {
    const std::unique_ptr<Compilation> self(static_cast<Compilation*>(data));
    napi_delete_async_work(env, self->work);
    guarded(env, [&]() -> napi_value {
      if (self->failure) expect(napi_reject_deferred(env, self->deferred, toError(env, *self->failure)));
      else expect(napi_resolve_deferred(env, self->deferred, toBytes(env, self->cubin)));
      return nullptr;
    });
  }

  const Nvrtc nvrtc;
  const std::string source;
  const std::vector<std::string> options;
  std::vector<char> cubin;
  std::optional<Failure> failure;
  napi_async_work work = nullptr;
  napi_deferred deferred = nullptr;
};
