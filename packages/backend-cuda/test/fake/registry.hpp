// The objects behind the handles of one kind: a handle that is not in the registry is refused instead of followed.
#pragma once
#include <memory>
#include <mutex>
#include <unordered_map>

#include "fake.hpp"

namespace fake {

template <class T> class Registry {
 public:
  explicit Registry(const char* what) : live_(*new Live(what)) {}

  void* add(std::shared_ptr<T> object) {
    std::lock_guard guard(lock_);
    void* handle = object.get();
    objects_[handle] = std::move(object);
    live_.count++;
    return handle;
  }

  std::shared_ptr<T> find(void* handle) {
    std::lock_guard guard(lock_);
    auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }

  // The object that was there, or null.
  std::shared_ptr<T> remove(void* handle) {
    std::lock_guard guard(lock_);
    auto node = objects_.extract(handle);
    if (node.empty()) return nullptr;
    live_.count--;
    return node.mapped();
  }

  template <class Visit> void each(Visit visit) {
    std::lock_guard guard(lock_);
    for (auto& [handle, object] : objects_) visit(object);
  }

  template <class Condition> void removeIf(Condition condition) {
    std::lock_guard guard(lock_);
    live_.count -= static_cast<int64_t>(std::erase_if(objects_, [&](auto& entry) { return condition(*entry.second); }));
  }

 private:
  std::mutex lock_;
  std::unordered_map<void*, std::shared_ptr<T>> objects_;
  Live& live_;
};

}  // namespace fake
