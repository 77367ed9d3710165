#pragma once
#include <memory>
#include <new>
#include <utility>

namespace pregao {

/// An allocator for vectors of numbers or bytes that are written before they are read: elements that resize() adds are
/// left unset, where std::allocator sets them to zero.
template <class T>
struct UnsetAllocator : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = UnsetAllocator<U>;
  };

  template <class U>
  void construct(U* at) noexcept {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Args>
  void construct(U* at, Args&&... args) {
    ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...);
  }
};

}  // namespace pregao
