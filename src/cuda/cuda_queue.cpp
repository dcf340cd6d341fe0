#include "cuda/cuda_queue.h"

#include <cstring>

#include <cuda_runtime.h>

#include "base/error.h"
#include "base/str.h"
#include "cuda/cuda_products.h"
#include "cuda/cuda_status.h"

namespace ams::cuda {
namespace {

constexpr int kOldestMajor = 8;  // sm_80

// Owns a recorded graph that is ready to run on a stream.
class CudaRecording : public Recording {
 public:
  CudaRecording(cudaGraph_t graph, cudaStream_t stream) : graph_(graph), stream_(stream) {
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph_, 0);
    if (status == cudaSuccess) return;
    cudaGraphDestroy(graph_);
    check(status, "instantiating a graph");
  }
  ~CudaRecording() override {
    cudaGraphExecDestroy(executable_);
    cudaGraphDestroy(graph_);
  }
  CudaRecording(const CudaRecording&) = delete;
  CudaRecording& operator=(const CudaRecording&) = delete;

  void run() override { check(cudaGraphLaunch(executable_, stream_), "starting a graph"); }

 private:
  cudaGraph_t graph_;
  cudaGraphExec_t executable_ = nullptr;
  cudaStream_t stream_;
};

// Owns a stream.
class Stream {
 public:
  Stream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creating a stream");
  }
  ~Stream() { cudaStreamDestroy(stream_); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t get() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

// Page-locked memory that grows; what an upload or download passes through.
class Staging {
 public:
  Staging() = default;
  ~Staging() { cudaFreeHost(memory_); }
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  void* at_least(size_t bytes) {
    if (bytes <= size_) return memory_;
    cudaFreeHost(memory_);
    memory_ = nullptr;
    size_ = 0;
    check(cudaMallocHost(&memory_, bytes), "allocating page-locked memory");
    size_ = bytes;
    return memory_;
  }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

class CudaQueue : public Queue {
 public:
  explicit CudaQueue(int index) : index_(index) {}

  DeviceMemory allocate(size_t bytes) override {
    use_card();
    void* memory = nullptr;
    const cudaError_t status = cudaMalloc(&memory, bytes);
    check(status, str("allocating ", bytes >> 20, " MiB"));
    return DeviceMemory(memory, [](void* owned) { cudaFree(owned); });
  }

  void upload(void* to, const void* from, size_t bytes) override {
    use_card();
    // The staging memory is free again once everything before has run.
    wait();
    std::memcpy(staging_.at_least(bytes), from, bytes);
    check(
        cudaMemcpyAsync(to, staging_.at_least(bytes), bytes, cudaMemcpyHostToDevice, stream_.get()),
        "copying to the card");
  }

  void download(void* to, const void* from, size_t bytes) override {
    use_card();
    wait();
    void* const staged = staging_.at_least(bytes);
    check(cudaMemcpyAsync(staged, from, bytes, cudaMemcpyDeviceToHost, stream_.get()),
          "copying from the card");
    wait();
    std::memcpy(to, staged, bytes);
  }

  void copy(void* to, const void* from, size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream_.get()),
          "copying on the card");
  }

  void multiply(const Product& product) override { products_.multiply(product, stream_.get()); }

  std::unique_ptr<Recording> record(const std::function<void()>& work) override {
    use_card();
    check(cudaStreamBeginCapture(stream_.get(), cudaStreamCaptureModeThreadLocal),
          "recording a graph");
    cudaGraph_t graph = nullptr;
    try {
      work();
    } catch (...) {
      cudaStreamEndCapture(stream_.get(), &graph);
      if (graph) cudaGraphDestroy(graph);
      cudaGetLastError();
      throw;
    }
    check(cudaStreamEndCapture(stream_.get(), &graph), "ending a graph");
    return std::make_unique<CudaRecording>(graph, stream_.get());
  }

  void wait() override { check(cudaStreamSynchronize(stream_.get()), "waiting for the card"); }
  void* stream() const override { return stream_.get(); }

 private:
  void use_card() const { check(cudaSetDevice(index_), "choosing a card"); }

  int index_;
  Stream stream_;
  Staging staging_;
  CudaProducts products_;
};

}  // namespace

int card_of(const void* device_pointer) {
  cudaPointerAttributes attributes{};
  check(cudaPointerGetAttributes(&attributes, device_pointer), "finding the card of the weights");
  if (attributes.type != cudaMemoryTypeDevice && attributes.type != cudaMemoryTypeManaged) {
    throw Error(ErrorCode::Internal, "cuda: the weights are not in the memory of a card");
  }
  return attributes.device;
}

std::unique_ptr<Queue> make_cuda_queue(int index) {
  check(cudaSetDevice(index), "choosing a card");
  int major = 0;
  int minor = 0;
  check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index), "asking a card");
  check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index), "asking a card");
  if (major < kOldestMajor) {
    throw Error(ErrorCode::Unsupported,
                str("cuda: the card is sm_",
                    major,
                    minor,
                    "; our kernels need sm_80 or newer; --impl ggml uses what is there"));
  }
  return std::make_unique<CudaQueue>(index);
}

}  // namespace ams::cuda
