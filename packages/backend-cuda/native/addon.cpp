// The addon's JavaScript face: src/runtime/addon.ts describes every function of it.
#define NAPI_VERSION 8
#include "compilation.hpp"
#include "convolutionPlan.hpp"
#include "descriptions.hpp"
#include "productPlan.hpp"

namespace {

/** Tells our devices from other objects. */
constexpr napi_type_tag deviceTag = {0x6d2f4c7a91e85b03, 0xa58e1f0c37d96b42};

Device& unwrap(const Arguments& arguments) {
  bool ours = false;
  if (typeOf(arguments.env, arguments.self) == napi_object) {
    expect(napi_check_object_type_tag(arguments.env, arguments.self, &deviceTag, &ours));
  }
  require(ours, "this is no Device");
  void* device = nullptr;
  expect(napi_unwrap(arguments.env, arguments.self, &device));
  return *static_cast<Device*>(device);
}

OpenDevice& enter(const Arguments& arguments) { return unwrap(arguments).enter(); }

Words wordsOf(const Arguments& arguments) {
  const std::span<char> buffer = arguments.arrayBuffer(0);
  const int64_t count = arguments.integer(1, "words");
  require(uint64_t(count) <= buffer.size() / sizeof(uint64_t), "the buffer has fewer words");
  return {reinterpret_cast<const uint64_t*>(buffer.data()), size_t(count)};
}

void requireMemory(const OpenDevice& device, int64_t address, size_t bytes) {
  if (device.memory.contains(address, bytes)) return;
  throw Refusal{std::to_string(bytes) + " bytes at " + std::to_string(address) + " are not in a live allocation"};
}

// ---- programs ----

napi_value compile(const Arguments& arguments) {
  const auto source = arguments.string(0, "source");
  const auto options = arguments.strings(1, "options");
  return toBytes(arguments.env, compileProgram(enter(arguments).session.nvrtc, source, options));
}

napi_value compileAsync(const Arguments& arguments) {
  const auto source = arguments.string(0, "source");
  const auto options = arguments.strings(1, "options");
  return Compilation::start(arguments.env, enter(arguments).session.nvrtc, source, options);
}

napi_value load(OpenDevice& device, const Arguments& arguments) {
  const std::span<char> cubin = arguments.bytes(0);
  require(!cubin.empty(), "the cubin is empty");
  return toValue(arguments.env, device.modules.load({cubin.data(), cubin.size()}));
}

napi_value unload(OpenDevice& device, const Arguments& arguments) {
  device.modules.unload(arguments.integer(0, "module"));
  return nullptr;
}

napi_value getFunction(OpenDevice& device, const Arguments& arguments) {
  std::string parameters = arguments.string(2, "parameters");
  require(parameters.size() <= Kernel::mostParameters, "a function has too many parameters");
  require(parameters.find_first_not_of("pw") == std::string::npos, "parameters are letters p and w");
  const auto handle = device.modules.function(arguments.integer(0, "module"), arguments.string(1, "name"), std::move(parameters));
  return toValue(arguments.env, handle);
}

napi_value attributes(OpenDevice& device, const Arguments& arguments) {
  const Kernel& kernel = device.modules.get(arguments.integer(0, "function"));
  const auto attribute = [&](int which) { return toValue(arguments.env, kernel.attribute(which)); };
  return toObject(arguments.env, {{"registers", attribute(abi::CU_FUNC_ATTRIBUTE_NUM_REGS)},
                                  {"local", attribute(abi::CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)},
                                  {"shared", attribute(abi::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)}});
}

// ---- memory ----

napi_value allocate(OpenDevice& device, const Arguments& arguments) {
  return toValue(arguments.env, device.memory.allocate(arguments.integer(0, "bytes", 1)));
}

napi_value release(OpenDevice& device, const Arguments& arguments) {
  device.memory.release(arguments.integer(0, "address"));
  return nullptr;
}

napi_value memory(OpenDevice& device, const Arguments& arguments) {
  size_t free = 0, total = 0;
  device.session.cuda(device.session.cuda.cuMemGetInfo, &free, &total);
  return toObject(arguments.env, {{"free", toValue(arguments.env, uint64_t(free))}, {"total", toValue(arguments.env, uint64_t(total))}});
}

// ---- products ----

napi_value product(const Arguments& arguments) {
  const napi_env env = arguments.env;
  const ProductShape shape = toProductShape(env, arguments.at(0));
  OpenDevice& device = enter(arguments);
  const uint64_t handle = device.products.plan(shape);
  const Product& plan = *device.products.find(handle);
  const napi_value workspace = toValue(env, plan.workspace()), choice = toValue(env, plan.choice());
  return toObject(env, {{"handle", toValue(env, handle)}, {"workspace", workspace}, {"choice", choice}});
}

napi_value releaseProduct(OpenDevice& device, const Arguments& arguments) {
  device.products.release(arguments.integer(0, "handle"));
  return nullptr;
}

napi_value convolution(const Arguments& arguments) {
  const napi_env env = arguments.env;
  const ConvolutionShape shape = toConvolutionShape(env, arguments.at(0));
  OpenDevice& device = enter(arguments);
  const uint64_t handle = device.convolutions.plan(shape);
  if (!handle) return nullptr;
  const napi_value workspace = toValue(env, device.convolutions.find(handle)->workspace());
  return toObject(env, {{"handle", toValue(env, handle)}, {"workspace", workspace}});
}

napi_value releaseConvolution(OpenDevice& device, const Arguments& arguments) {
  device.convolutions.release(arguments.integer(0, "handle"));
  return nullptr;
}

// ---- commands ----

napi_value execute(OpenDevice& device, const Arguments& arguments) {
  device.execute(wordsOf(arguments));
  return nullptr;
}

napi_value capture(OpenDevice& device, const Arguments& arguments) {
  return toValue(arguments.env, device.capture(wordsOf(arguments)));
}

napi_value releaseGraph(OpenDevice& device, const Arguments& arguments) {
  device.graphs.release(arguments.integer(0, "handle"));
  return nullptr;
}

napi_value time(OpenDevice& device, const Arguments& arguments) {
  const Words words = wordsOf(arguments);
  return toValue(arguments.env, device.time(words, arguments.integer(2, "repetitions", 1, 1 << 20)));
}

// ---- transfers ----

napi_value write(OpenDevice& device, const Arguments& arguments) {
  const int64_t address = arguments.integer(0, "address");
  const std::span<char> data = arguments.bytes(1);
  requireMemory(device, address, data.size());
  device.writes.write(address, data);
  return nullptr;
}

napi_value readSync(OpenDevice& device, const Arguments& arguments) {
  const int64_t address = arguments.integer(0, "address");
  const std::span<char> into = arguments.bytes(1);
  requireMemory(device, address, into.size());
  readWaiting(device.session, device.pinned, address, into);
  return nullptr;
}

napi_value read(const Arguments& arguments) {
  const int64_t address = arguments.integer(0, "address"), bytes = arguments.integer(1, "bytes");
  requireMemory(enter(arguments), address, bytes);
  const NewBuffer buffer = newArrayBuffer(arguments.env, bytes);
  // Again: making the buffer may have run the caller's code.
  OpenDevice& device = enter(arguments);
  requireMemory(device, address, bytes);
  return device.reads.read(address, bytes, buffer);
}

napi_value synchronize(OpenDevice& device, const Arguments&) {
  device.session.synchronize();
  device.retired.clear();
  return nullptr;
}

// ---- the device as an object ----

/** A method of an open device. */
template <napi_value (*body)(OpenDevice&, const Arguments&)>
napi_value method(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const Arguments arguments(env, info);
    return body(enter(arguments), arguments);
  });
}

/** One that enters the device itself, when no code of the caller's runs any more: that may close the device. Getters of arguments are such code. */
template <napi_value (*body)(const Arguments&)>
napi_value reading(napi_env env, napi_callback_info info) {
  return guarded(env, [&] { return body(Arguments(env, info)); });
}

napi_value close(const Arguments& arguments) {
  unwrap(arguments).close(false);
  return nullptr;
}

struct Method {
  const char* name;
  napi_callback callback;
};

constexpr Method methods[] = {
  {"compile", reading<compile>},
  {"compileAsync", reading<compileAsync>},
  {"load", method<load>},
  {"unload", method<unload>},
  {"function", method<getFunction>},
  {"attributes", method<attributes>},
  {"allocate", method<allocate>},
  {"release", method<release>},
  {"memory", method<memory>},
  {"product", reading<product>},
  {"releaseProduct", method<releaseProduct>},
  {"convolution", reading<convolution>},
  {"releaseConvolution", method<releaseConvolution>},
  {"execute", method<execute>},
  {"capture", method<capture>},
  {"releaseGraph", method<releaseGraph>},
  {"write", method<write>},
  {"readSync", method<readSync>},
  {"read", reading<read>},
  {"synchronize", method<synchronize>},
  {"time", method<time>},
  {"close", reading<close>},
};

napi_value toValue(napi_env env, std::unique_ptr<OpenDevice> opened, const DeviceProperties& properties,
                   std::shared_ptr<Environment> environment) {
  const napi_value products = toValue(env, opened->products.available());
  const napi_value convolutions = toValue(env, opened->convolutions.available());
  const napi_value object =
    toObject(env, {{"properties", toValue(env, properties)}, {"products", products}, {"convolutions", convolutions}});
  for (const auto& [name, callback] : methods) {
    napi_value function;
    expect(napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function));
    expect(napi_set_named_property(env, object, name, function));
  }
  opened->reads.keepAlive(object);
  auto device = std::make_unique<Device>(std::move(environment), std::move(opened));
  const auto finalize = [](napi_env, void* data, void*) { delete static_cast<Device*>(data); };
  expect(napi_wrap(env, object, device.get(), finalize, nullptr, nullptr));
  device.release();
  expect(napi_type_tag_object(env, object, &deviceTag));
  return object;
}

napi_value open(napi_env env, napi_callback_info info) {
  return guarded(env, [&] {
    const Arguments arguments(env, info);
    const auto names = [&](const char* library) { return toStrings(env, getProperty(env, arguments.at(0), library), library); };
    const LibraryNames libraries{names("cuda"), names("nvrtc"), names("cublasLt"), names("cudnn")};
    Opening opening(env, libraries, arguments.integer(1, "device", 0, 0x7fffffff));
    const napi_value result = toObject(env, {{"cuda", toValue(env, opening.cuda.report)},
                                             {"nvrtc", toValue(env, opening.nvrtc.report)},
                                             {"cublasLt", toValue(env, opening.cublasLt.report)},
                                             {"cudnn", toValue(env, opening.cudnn.report)}});
    void* environment = nullptr;
    expect(napi_get_instance_data(env, &environment));
    const napi_value outcome = opening.device ? toValue(env, std::move(opening.device), *opening.properties,
                                                        *static_cast<std::shared_ptr<Environment>*>(environment))
                                              : toValue(env, opening.reason);
    expect(napi_set_named_property(env, result, opening.reason.empty() ? "device" : "reason", outcome));
    return result;
  });
}

/** Runs before the environment's threadsafe functions are destroyed, so that no thread calls one afterwards. */
void closeDevices(void* environment) {
  for (Device* device : (*static_cast<std::shared_ptr<Environment>*>(environment))->devices) device->close(true);
}

}  // namespace

NAPI_MODULE_INIT() {
  return guarded(env, [&]() -> napi_value {
    auto environment = std::make_unique<std::shared_ptr<Environment>>(std::make_shared<Environment>());
    const auto destroy = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Environment>*>(data); };
    expect(napi_set_instance_data(env, environment.get(), destroy, nullptr));
    expect(napi_add_env_cleanup_hook(env, closeDevices, environment.release()));
    napi_value function;
    expect(napi_create_function(env, "open", NAPI_AUTO_LENGTH, open, nullptr, &function));
    expect(napi_set_named_property(env, exports, "open", function));
    return exports;
  });
}
