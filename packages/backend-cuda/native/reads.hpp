// Device to host, through page-locked memory: waiting, or by a promise that a thread of its own settles, so that the event loop goes on.
#pragma once
#include <condition_variable>
#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "napi.hpp"
#include "pinned.hpp"

/** A copy out of the device. Its memory goes back to the pool when the device is done with it. */
class CopyOut {
 public:
  CopyOut(const Session& session, PinnedPool& pool, size_t bytes) : session(session), pool(pool), memory(pool.take(bytes)) {}
  CopyOut(const CopyOut&) = delete;
  ~CopyOut() {
    if (running) session.settle();
    pool.give(std::move(memory));
  }

  void order(uint64_t address, size_t bytes) {
    running = true;
    session.cuda(session.cuda.cuMemcpyDtoHAsync, static_cast<void*>(memory.data()), abi::CUdeviceptr(address), bytes, session.stream);
    memory.done.record();
  }
  bool passesSoon() {
    running = !memory.done.passesSoon();
    return !running;
  }
  void wait() {
    memory.done.wait();
    running = false;
  }
  /** The stream is known to be idle, or lost. */
  void abandon() { running = false; }
  const char* data() const { return memory.data(); }

 private:
  const Session& session;
  PinnedPool& pool;
  Pinned memory;
  bool running = false;
};

/** Copies out and waits. One block is emptied while the next is copied. */
inline void readWaiting(const Session& session, PinnedPool& pool, uint64_t address, std::span<char> into) {
  constexpr size_t blockBytes = 4 << 20;
  const auto bytesAt = [&](size_t offset) { return std::min(into.size() - offset, blockBytes); };
  if (into.empty()) return;
  CopyOut first(session, pool, bytesAt(0));
  std::optional<CopyOut> second;
  if (into.size() > blockBytes) second.emplace(session, pool, blockBytes);
  CopyOut *current = &first, *next = second ? &*second : nullptr;
  current->order(address, bytesAt(0));
  for (size_t offset = 0; offset < into.size(); offset += blockBytes) {
    const size_t following = offset + blockBytes;
    if (following < into.size()) next->order(address + following, bytesAt(following));
    current->wait();
    std::memcpy(into.data() + offset, current->data(), bytesAt(offset));
    std::swap(current, next);
  }
}

/** The reads of a device that have promises. All but the thread's own work happens on the thread of the environment. */
class Reads {
 public:
  Reads(napi_env env, const Session& session, PinnedPool& pool) : env(env), session(session), pool(pool) {}
  Reads(const Reads&) = delete;

  /** Held, so that it is not collected, while reads are pending. */
  void keepAlive(napi_value object) { expect(napi_create_reference(env, object, 0, &self)); }

  napi_value read(uint64_t address, size_t bytes, const NewBuffer& buffer) {
    if (bytes == 0) return settled(buffer.value);
    List one;
    one.emplace_back(session, pool, bytes, buffer.data);
    Read& read = one.front();
    start();
    read.copy.order(address, bytes);
    if (pending == 0 && bytes <= mostAtOnce && read.copy.passesSoon()) {
      std::memcpy(read.into, read.copy.data(), bytes);
      return settled(buffer.value);
    }
    expect(napi_create_reference(env, buffer.value, 1, &read.buffer));
    napi_value promise = nullptr;
    if (napi_create_promise(env, &read.promise, &promise) != napi_ok) {
      napi_delete_reference(env, read.buffer);
      throw Pending{};
    }
    began();
    {
      const std::lock_guard lock(mailbox->mutex);
      mailbox->waiting.splice(mailbox->waiting.end(), one);
    }
    mailbox->changed.notify_one();
    return promise;
  }

  /** The stream must be idle. What has not settled rejects, unless the environment ends. */
  void stop(bool environmentEnds) {
    if (mailbox) {
      {
        const std::lock_guard lock(mailbox->mutex);
        mailbox->stopping = true;
      }
      mailbox->changed.notify_one();
      thread.join();
      mailbox->owner = nullptr;
      for (List* list : {&mailbox->finished, &mailbox->current, &mailbox->waiting}) {
        for (Read& read : *list) {
          read.copy.abandon();
          if (!environmentEnds) reject(read, closed());
          napi_delete_reference(env, read.buffer);
        }
        list->clear();
      }
      if (pending > 0) napi_reference_unref(env, self, nullptr);
      pending = 0;
      napi_release_threadsafe_function(wake, napi_tsfn_abort);
      mailbox.reset();
    }
    if (self) napi_delete_reference(env, std::exchange(self, nullptr));
  }

 private:
  /** A larger one is copied by the thread. */
  static constexpr size_t mostAtOnce = 1 << 20;

  struct Read {
    Read(const Session& session, PinnedPool& pool, size_t bytes, char* into) : copy(session, pool, bytes), bytes(bytes), into(into) {}

    CopyOut copy;
    const size_t bytes;
    /** The memory of the buffer that the promise gives: nobody else has it until then. */
    char* const into;
    std::optional<Failure> failure;
    napi_deferred promise = nullptr;
    napi_ref buffer = nullptr;
  };
  using List = std::list<Read>;

  /** Between the environment's thread and the one that waits. Reads move from list to list, which allocates nothing. */
  struct Mailbox {
    std::mutex mutex;
    std::condition_variable changed;
    List waiting, current, finished;
    bool stopping = false;
    /** Of the environment's thread alone. */
    Reads* owner = nullptr;
  };

  static Failure closed() {
    return {"cuMemcpyDtoHAsync", abi::CUDA_ERROR_CONTEXT_IS_DESTROYED,
            "cuMemcpyDtoHAsync: CUDA_ERROR_CONTEXT_IS_DESTROYED (709) the device was closed before the read was done"};
  }

  napi_value settled(napi_value buffer) {
    napi_deferred deferred;
    napi_value promise;
    expect(napi_create_promise(env, &deferred, &promise));
    expect(napi_resolve_deferred(env, deferred, buffer));
    return promise;
  }

  /** The process stays while reads are pending, and the device with its JavaScript object. */
  void began() {
    if (pending++ > 0) return;
    napi_ref_threadsafe_function(env, wake);
    napi_reference_ref(env, self, nullptr);
  }
  void ended() {
    if (--pending > 0) return;
    napi_unref_threadsafe_function(env, wake);
    napi_reference_unref(env, self, nullptr);
  }

  void start() {
    if (mailbox) return;
    auto box = std::make_shared<Mailbox>();
    box->owner = this;
    auto context = std::make_unique<std::shared_ptr<Mailbox>>(box);
    const auto destroy = [](napi_env, void* data, void*) { delete static_cast<std::shared_ptr<Mailbox>*>(data); };
    const auto call = [](napi_env env, napi_value, void* data, void*) {
      settleFinished(env, *static_cast<std::shared_ptr<Mailbox>*>(data));
    };
    expect(napi_create_threadsafe_function(env, nullptr, nullptr, toValue(env, std::string("cuda read")), 0, 1, context.get(), destroy,
                                           context.get(), call, &wake));
    context.release();
    napi_unref_threadsafe_function(env, wake);
    try {
      thread = std::thread(serve, std::cref(session), box, wake);
    } catch (...) {
      napi_release_threadsafe_function(wake, napi_tsfn_abort);
      throw;
    }
    mailbox = std::move(box);
  }

  /** The thread: waits for one read after the other, which is the order of the stream. */
  static void serve(const Session& session, std::shared_ptr<Mailbox> mailbox, napi_threadsafe_function wake) {
    std::unique_lock lock(mailbox->mutex);
    for (;;) {
      // Not condition_variable::wait, whose newest version older systems lack.
      while (!mailbox->stopping && mailbox->waiting.empty()) {
        pthread_cond_wait(mailbox->changed.native_handle(), mailbox->mutex.native_handle());
      }
      if (mailbox->stopping) return;
      mailbox->current.splice(mailbox->current.end(), mailbox->waiting, mailbox->waiting.begin());
      Read& read = mailbox->current.front();
      lock.unlock();
      try {
        session.enter();
        read.copy.wait();
        std::memcpy(read.into, read.copy.data(), read.bytes);
      } catch (const Failure& failure) {
        read.failure = failure;
      }
      lock.lock();
      mailbox->finished.splice(mailbox->finished.end(), mailbox->current);
      // Where the environment is closing, nothing is to be done: it will join this thread.
      napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
    }
  }

  static void settleFinished(napi_env env, const std::shared_ptr<Mailbox>& mailbox) {
    if (!env || !mailbox->owner) return;
    List finished;
    {
      const std::lock_guard lock(mailbox->mutex);
      finished.swap(mailbox->finished);
    }
    Reads& reads = *mailbox->owner;
    for (Read& read : finished) {
      napi_handle_scope scope = nullptr;
      napi_open_handle_scope(env, &scope);
      reads.settle(read);
      napi_close_handle_scope(env, scope);
      reads.ended();
    }
  }

  void settle(Read& read) {
    if (read.failure) {
      reject(read, *read.failure);
    } else {
      napi_value buffer = nullptr;
      napi_get_reference_value(env, read.buffer, &buffer);
      napi_resolve_deferred(env, read.promise, buffer);
    }
    napi_delete_reference(env, read.buffer);
  }

  void reject(Read& read, const Failure& failure) noexcept {
    try {
      expect(napi_reject_deferred(env, read.promise, toError(env, failure)));
    } catch (const Pending&) {
      // The environment ends: nobody waits any more.
    }
  }

  const napi_env env;
  const Session& session;
  PinnedPool& pool;
  napi_ref self = nullptr;
  std::shared_ptr<Mailbox> mailbox;
  std::thread thread;
  napi_threadsafe_function wake = nullptr;
  /** Reads whose promises have not settled. */
  size_t pending = 0;
};
