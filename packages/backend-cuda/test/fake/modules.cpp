// Modules, functions and launches.
#include <dlfcn.h>
#include <unistd.h>

#include <cstring>

#include "image.hpp"
#include "memory.hpp"
#include "registry.hpp"
#include "scheduler.hpp"
#include "streams.hpp"

namespace fake {

namespace {

struct Module {
  void* library;
  Device* device;
  ~Module() { dlclose(library); }
};

// Keeps its module: launches that were ordered run after cuModuleUnload.
struct Function {
  Entry entry;
  std::shared_ptr<Module> module;
  unsigned parameters = 0;
};

Registry<Module>& modules = *new Registry<Module>("modules");
// Functions end with their module.
Registry<Function>& functions = *new Registry<Function>("functions");

// A file that holds the object, since dlopen takes files only.
std::string fileOf(const std::string& object, const ImageHeader& header) {
  std::string path = cached(header.file);
  if (access(path.c_str(), R_OK) != 0 && !writeFile(path, object)) return "";
  return path;
}

template <class T> void lookUp(T& address, void* library, const std::string& symbol) {
  address = reinterpret_cast<T>(dlsym(library, symbol.c_str()));
}

// The parameters of a launch, copied as the driver copies them.
class Arguments {
 public:
  Arguments(const Function& function, void** parameters) {
    for (unsigned i = 0; i < function.parameters; i++) {
      offsets_.push_back(words_.size());
      words_.resize(words_.size() + (function.entry.sizes[i] + 7) / 8);
      std::memcpy(&words_[offsets_[i]], parameters[i], function.entry.sizes[i]);
    }
  }
  std::vector<void*> pointers() {
    std::vector<void*> result;
    for (size_t offset : offsets_) result.push_back(&words_[offset]);
    return result;
  }

 private:
  std::vector<size_t> offsets_;
  std::vector<uint64_t> words_;
};

bool isPossible(Dimensions grid, Dimensions block) {
  return grid.x > 0 && grid.y > 0 && grid.z > 0 && grid.x <= 0x7fffffff && grid.y <= 65535 && grid.z <= 65535 && block.count() > 0 &&
         block.count() <= 1024 && block.z <= 64;
}

int launch(const Function& function, Arguments& arguments, Dimensions grid, Dimensions block) {
  const std::string& name = function.entry.name;
  if (int status = enterKernel(name)) return status;
  logLaunch(name, grid, block);
  auto pointers = arguments.pointers();
  if (int status = runGrid(function.entry, pointers.data(), grid, block)) return status;
  std::string problem = checkRedzones();
  return problem.empty() ? int(SUCCESS) : failure(ILLEGAL_ADDRESS, "kernel " + name + ": " + problem);
}

}  // namespace

void releaseModulesOf(Device& device) {
  functions.removeIf([&](const Function& f) { return f.module->device == &device; });
  modules.removeIf([&](const Module& m) { return m.device == &device; });
}

}  // namespace fake

using namespace fake;

EXPORT int cuModuleLoadData(void** handle, const void* image) {
  CALL(cuModuleLoadData);
  CONTEXT(device);
  if (isCapturing()) return STREAM_CAPTURE_UNSUPPORTED;
  ImageHeader header;
  std::memcpy(&header, image, sizeof header);
  if (std::memcmp(header.magic, IMAGE_MAGIC, 8) != 0) return INVALID_IMAGE;
  if (header.capability != static_cast<uint64_t>(settings.capability)) return NO_BINARY_FOR_GPU;
  std::string object(static_cast<const char*>(image) + sizeof header, header.bytes);
  if (hashOf(object) != header.hash || std::memchr(header.file, 0, sizeof header.file) == nullptr) return INVALID_IMAGE;
  std::string path = fileOf(object, header);
  void* library = path.empty() ? nullptr : dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* reason = path.empty() ? "the folder of programs cannot be written" : dlerror();
    return failure(INVALID_IMAGE, reason);
  }
  *handle = modules.add(std::make_shared<Module>(library, device));
  return SUCCESS;
}

EXPORT int cuModuleUnload(void* handle) {
  CALL(cuModuleUnload);
  CONTEXT(device);
  auto module = modules.remove(handle);
  if (module == nullptr) return INVALID_HANDLE;
  functions.removeIf([&](const Function& f) { return f.module == module; });
  return SUCCESS;
}

EXPORT int cuModuleGetFunction(void** handle, void* moduleHandle, const char* name) {
  CALL(cuModuleGetFunction);
  CONTEXT(device);
  auto module = modules.find(moduleHandle);
  if (module == nullptr) return INVALID_HANDLE;
  auto function = std::make_shared<Function>();
  function->module = module;
  Entry& entry = function->entry;
  entry.name = name;
  const unsigned* most = nullptr;
  lookUp(entry.call, module->library, "emu_call_" + entry.name);
  lookUp(entry.sizes, module->library, "emu_sizes_" + entry.name);
  lookUp(most, module->library, "emu_most_" + entry.name);
  lookUp(entry.bind, module->library, "emu_bind");
  if (entry.call == nullptr || entry.sizes == nullptr || most == nullptr || entry.bind == nullptr) return NOT_FOUND;
  entry.most = *most;
  while (entry.sizes[function->parameters] != 0) function->parameters++;
  *handle = functions.add(function);
  return SUCCESS;
}

EXPORT int cuFuncGetAttribute(int* value, int attribute, void* handle) {
  CALL(cuFuncGetAttribute);
  CONTEXT(device);
  auto function = functions.find(handle);
  if (function == nullptr) return INVALID_HANDLE;
  switch (attribute) {
    case 0: *value = static_cast<int>(function->entry.most); break;  // MAX_THREADS_PER_BLOCK
    case 1: case 2: case 3: *value = 0; break;                       // SHARED, CONST, LOCAL_SIZE_BYTES: the host does not know
    case 4: *value = 32; break;                                      // NUM_REGS
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}

EXPORT int cuFuncSetAttribute(void* handle, int, int) {
  CALL(cuFuncSetAttribute);
  CONTEXT(device);
  return functions.find(handle) == nullptr ? INVALID_HANDLE : SUCCESS;
}

EXPORT int cuFuncGetParamInfo(void* handle, size_t index, size_t* offset, size_t* bytes) {
  CALL(cuFuncGetParamInfo);
  CONTEXT(device);
  auto function = functions.find(handle);
  if (function == nullptr) return INVALID_HANDLE;
  if (index >= function->parameters) return INVALID_VALUE;
  size_t at = 0;
  for (size_t i = 0; i <= index; i++) {
    size_t size = function->entry.sizes[i];
    at = (at + size - 1) / size * size;
    if (i < index) at += size;
  }
  *offset = at;
  if (bytes != nullptr) *bytes = function->entry.sizes[index];
  return SUCCESS;
}

EXPORT int cuLaunchKernel(void* handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
                          unsigned sharedBytes, void* streamHandle, void** parameters, void** extra) {
  CALL(cuLaunchKernel);
  CONTEXT(device);
  STREAM(stream, streamHandle);
  auto function = functions.find(handle);
  if (function == nullptr) return INVALID_HANDLE;
  Dimensions grid{gridX, gridY, gridZ}, block{blockX, blockY, blockZ};
  // Generated kernels have no dynamic shared memory.
  if (!isPossible(grid, block) || sharedBytes != 0 || extra != nullptr || (parameters == nullptr && function->parameters > 0)) return INVALID_VALUE;
  if (block.count() > function->entry.most) return LAUNCH_OUT_OF_RESOURCES;
  if (settings.noop) return stream->recording == nullptr ? int(SUCCESS) : order(stream, [] { return SUCCESS; });
  auto arguments = std::make_shared<Arguments>(*function, parameters);
  return order(stream, [function, arguments, grid, block] { return launch(*function, *arguments, grid, block); });
}
