// The memory that ggml keeps graph nodes and tensor descriptions in; never the values themselves.
#pragma once

#include <cstddef>
#include <memory>

struct ggml_context;

namespace ams {

// Confined to one thread.
class NodeContext {
 public:
  // Room for `bytes` of nodes. Throws OutOfMemory, where ggml's own allocation would end the
  // program.
  explicit NodeContext(size_t bytes);

  operator ggml_context*() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ggml_context* context) const;
  };

  std::unique_ptr<std::byte[]> memory_;
  std::unique_ptr<ggml_context, Free> context_;  // inside memory_
};

}  // namespace ams
