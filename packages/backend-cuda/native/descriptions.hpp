// Devices and searches for libraries as JavaScript sees them: DeviceProperties and LibraryReport of addon.ts.
#pragma once
#include "napi.hpp"
#include "open.hpp"

inline napi_value toValue(napi_env env, const DeviceProperties& properties) {
  const napi_value compiler = toArray(env, {toValue(env, properties.compilerMajor), toValue(env, properties.compilerMinor)});
  return toObject(env, {{"name", toValue(env, properties.name)},
                        {"capability", toValue(env, properties.capability)},
                        {"multiprocessors", toValue(env, properties.multiprocessors)},
                        {"memory", toValue(env, uint64_t(properties.memory))},
                        {"l2", toValue(env, properties.l2)},
                        {"driverVersion", toValue(env, properties.driverVersion)},
                        {"compilerVersion", compiler}});
}

inline napi_value toValue(napi_env env, const Report& report) {
  std::vector<napi_value> tried, missing;
  for (const auto& [library, error] : report.tried) {
    tried.push_back(toObject(env, {{"library", toValue(env, library)}, {"error", toValue(env, error)}}));
  }
  for (const auto& symbol : report.missing) missing.push_back(toValue(env, symbol));
  const napi_value result = toObject(env, {{"tried", toArray(env, tried)}, {"missing", toArray(env, missing)}});
  if (!report.library.empty()) expect(napi_set_named_property(env, result, "library", toValue(env, report.library)));
  return result;
}
