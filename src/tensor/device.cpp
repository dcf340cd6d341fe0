#include "tensor/device.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <thread>
#include <utility>

#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>
#include <sched.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

namespace ams {
namespace {

struct KindName {
  DeviceKind kind;
  std::string_view option;   // as on the command line
  std::string_view backend;  // prefix of ggml's registry name
};

constexpr std::array<KindName, 4> kKinds{{
    {DeviceKind::Cpu, "cpu", "CPU"},
    {DeviceKind::Cuda, "cuda", "CUDA"},
    {DeviceKind::Metal, "metal", "MTL"},
    {DeviceKind::Vulkan, "vulkan", "Vulkan"},
}};

DeviceKind kind_of(ggml_backend_dev_t device) {
  const std::string_view name = ggml_backend_reg_name(ggml_backend_dev_backend_reg(device));
  for (const KindName& kind : kKinds) {
    if (name.starts_with(kind.backend) || (kind.option == "metal" && name == "Metal")) {
      return kind.kind;
    }
  }
  return DeviceKind::Other;
}

// The first registered device of a kind, or null.
ggml_backend_dev_t find_device(DeviceKind kind) {
  for (size_t i = 0; i < ggml_backend_dev_count(); ++i) {
    ggml_backend_dev_t device = ggml_backend_dev_get(i);
    if (kind_of(device) == kind) return device;
  }
  return nullptr;
}

ggml_backend_dev_t choose_device(const std::string& name) {
  if (name == "auto") {
    for (const DeviceKind kind : {DeviceKind::Cuda, DeviceKind::Metal, DeviceKind::Vulkan}) {
      ggml_backend_dev_t device = find_device(kind);
      // A software Vulkan device is slower than the CPU path itself.
      if (device && ggml_backend_dev_type(device) != GGML_BACKEND_DEVICE_TYPE_CPU) return device;
    }
    return find_device(DeviceKind::Cpu);
  }
  const auto kind = std::find_if(
      kKinds.begin(), kKinds.end(), [&](const KindName& row) { return row.option == name; });
  if (kind == kKinds.end()) {
    std::string valid;
    for (const std::string& option : Device::names()) valid += (valid.empty() ? "" : ", ") + option;
    throw Error(ErrorCode::InvalidRequest,
                str("device: '", name, "' is unknown; valid are ", valid));
  }
  ggml_backend_dev_t device = find_device(kind->kind);
  if (!device) {
    throw Error(ErrorCode::NotFound,
                str("device: no ",
                    name,
                    " device found; the build may lack it (cmake --preset ",
                    name,
                    ") or the driver is missing; --device auto uses what is there"));
  }
  return device;
}

// What ggml finds wrong is told again, better, by the error that follows it.
void forward_log(ggml_log_level, const char* text, void*) {
  std::string_view line = text;
  while (line.ends_with('\n')) line.remove_suffix(1);
  if (!line.empty()) log(LogLevel::Debug, "ggml", line);
}

DeviceInfo info_of(ggml_backend_dev_t device) {
  DeviceInfo info;
  info.kind = kind_of(device);
  info.name = ggml_backend_dev_description(device);
  ggml_backend_dev_memory(device, &info.memory_free, &info.memory_total);
  return info;
}

}  // namespace

int physical_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) {
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  // Hyper-threads of one core share its thread_siblings_list.
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    std::ifstream file(str("/sys/devices/system/cpu/cpu", cpu, "/topology/thread_siblings_list"));
    std::string siblings;
    if (!std::getline(file, siblings)) siblings = std::to_string(cpu);
    cores.insert(siblings);
  }
  return std::max<int>(1, static_cast<int>(cores.size()));
}

std::string_view device_kind_name(DeviceKind kind) {
  for (const KindName& row : kKinds) {
    if (row.kind == kind) return row.option;
  }
  return "other";
}

std::vector<std::string> Device::names() {
  std::vector<std::string> names{"auto"};
  for (const KindName& row : kKinds) names.emplace_back(row.option);
  return names;
}

std::unique_ptr<Device> Device::open(const DeviceOptions& options) {
  ggml_log_set(forward_log, nullptr);
  ggml_backend_dev_t device = choose_device(options.name);
  ggml_backend_t backend = device ? ggml_backend_dev_init(device, nullptr) : nullptr;
  if (!backend) {
    throw Error(ErrorCode::NotFound,
                str("device: '", options.name, "' cannot be started; is its driver installed?"));
  }
  const int threads = options.threads > 0 ? options.threads : physical_cores();
  auto opened =
      std::unique_ptr<Device>(new Device(backend, kind_of(device), threads, options.own_kernels));
  opened->native_networks_ = options.native_networks;
  return opened;
}

std::unique_ptr<Device> open_with_implementation(DeviceOptions options, std::string_view name) {
  if (name != "auto" && name != "ggml" && name != "native") {
    throw Error(
        ErrorCode::InvalidRequest,
        str("device: implementation '", name, "' is unknown; valid are auto, ggml, native"));
  }
  options.own_kernels = name != "ggml";
  options.native_networks = name == "native" && Device::describe(options).kind == DeviceKind::Cuda;
  std::unique_ptr<Device> device = Device::open(options);
  if (name == "native" && !device->has_own_kernels() && !device->has_native_networks()) {
    throw Error(ErrorCode::Unsupported,
                str("device: there are no native kernels for ",
                    device_kind_name(device->kind()),
                    "; --impl auto uses what is there"));
  }
  return device;
}

Device::Device(ggml_backend* backend, DeviceKind kind, int threads, bool own_kernels)
    : backend_(backend),
      kind_(kind),
      threads_(threads),
      own_kernels_(own_kernels),
      meter_(std::make_unique<MemoryMeter>()) {
  if (is_cpu()) ggml_backend_cpu_set_n_threads(backend_, threads_);
}

Device::~Device() {
  if (!measures_only_) ggml_backend_free(backend_);
}

std::unique_ptr<Device> Device::measuring() const {
  auto device = std::unique_ptr<Device>(new Device(backend_, kind_, threads_, own_kernels_));
  device->native_networks_ = native_networks_;
  device->measures_only_ = true;
  return device;
}

void Device::pretend_allocated(ggml_tensor* tensor) const {
  tensor->data = reinterpret_cast<void*>(uintptr_t{4096});
}

DeviceInfo Device::describe(const DeviceOptions& options) {
  ggml_log_set(forward_log, nullptr);
  return info_of(choose_device(options.name));
}

DeviceInfo Device::info() const { return info_of(ggml_backend_get_device(backend_)); }

bool Device::supports(const ggml_tensor* node) const {
  return ggml_backend_supports_op(backend_, node);
}

ggml_backend_buffer_type* Device::buffer_type() const {
  return ggml_backend_get_default_buffer_type(backend_);
}

}  // namespace ams
