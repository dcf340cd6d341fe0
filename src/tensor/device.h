// The processor that computes: a CPU, a CUDA card, a Metal or Vulkan GPU.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tensor/memory_meter.h"

struct ggml_backend;
struct ggml_backend_buffer_type;
struct ggml_tensor;

namespace ams {

enum class DeviceKind { Cpu, Cuda, Metal, Vulkan, Other };

struct DeviceOptions {
  std::string name = "auto";     // auto, cpu, cuda, metal, vulkan
  int threads = 0;               // CPU threads; 0 = one per physical core this process may use
  bool own_kernels = true;       // false: ggml operations only, as on other devices; for tests
  bool native_networks = false;  // networks on our kernels for cards, where there are some
};

// What can be seen of a device without starting it.
struct DeviceInfo {
  DeviceKind kind = DeviceKind::Cpu;
  std::string name;         // "NVIDIA H100 80GB HBM3"
  size_t memory_free = 0;   // bytes
  size_t memory_total = 0;  // bytes
};

// Owns the connection to one device. Confined to the worker thread.
class Device {
 public:
  // Names that this build accepts, for messages and help.
  static std::vector<std::string> names();
  // Throws InvalidRequest for a name that this build does not know, NotFound if no such device
  // exists.
  static std::unique_ptr<Device> open(const DeviceOptions& options);
  // What open() would open, without starting it. Throws as open(). Thread-safe.
  static DeviceInfo describe(const DeviceOptions& options);

  // A device that only measures: weights, caches and graphs on it get sizes and no memory, nothing
  // is computed and every result is zero. What its meter shows is what the same calls take on this
  // device, which must outlive it.
  std::unique_ptr<Device> measuring() const;

  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  DeviceKind kind() const { return kind_; }
  bool is_cpu() const { return kind_ == DeviceKind::Cpu; }
  // Whether convolutions run on our kernels instead of ggml operations.
  bool has_own_kernels() const { return is_cpu() && own_kernels_; }
  // Whether networks run on our kernels for cards instead of ggml, where there are some.
  bool has_native_networks() const { return native_networks_; }
  int threads() const { return threads_; }
  DeviceInfo info() const;
  bool measures_only() const { return measures_only_; }
  MemoryMeter& meter() const { return *meter_; }
  // Whether the device can run this node; graphs are checked before they run.
  bool supports(const ggml_tensor* node) const;

  // Gives a tensor of a measuring device an address that nobody reads, so that ggml counts it as
  // allocated.
  void pretend_allocated(ggml_tensor* tensor) const;  // for tensor/ only
  ggml_backend* backend() const { return backend_; }  // for tensor/ only
  ggml_backend_buffer_type* buffer_type() const;      // for tensor/ only

 private:
  Device(ggml_backend* backend, DeviceKind kind, int threads, bool own_kernels);

  ggml_backend* backend_;
  DeviceKind kind_;
  int threads_;
  bool own_kernels_;
  bool native_networks_ = false;
  bool measures_only_ = false;
  std::unique_ptr<MemoryMeter> meter_;  // apart, so that a const device can count
};

// Opens a device with one of the implementations of the networks: "ggml" for ggml's operations
// only, "native" for our kernels, "auto" for ours on the CPU and ggml's elsewhere. Throws as
// Device::open(), InvalidRequest for another name, and Unsupported if the device has no native
// kernels.
std::unique_ptr<Device> open_with_implementation(DeviceOptions options, std::string_view name);

// "cuda" and so on, as options and metadata write it.
std::string_view device_kind_name(DeviceKind kind);

// Physical cores that this process may run on, at least 1.
int physical_cores();

}  // namespace ams
