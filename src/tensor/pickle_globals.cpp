#include "tensor/pickle_globals.h"

#include <array>

namespace ams {
namespace {

constexpr std::array<PickleGlobalInfo, 18> kGlobals{{
    {"torch._utils._rebuild_tensor_v2", PickleGlobal::RebuildTensor, std::nullopt},
    {"collections.OrderedDict", PickleGlobal::OrderedDict, std::nullopt},
    {"fractions.Fraction", PickleGlobal::Fraction, std::nullopt},
    {"torch.FloatStorage", PickleGlobal::StorageType, DType::F32},
    {"torch.HalfStorage", PickleGlobal::StorageType, DType::F16},
    {"torch.BFloat16Storage", PickleGlobal::StorageType, DType::BF16},
    {"torch.DoubleStorage", PickleGlobal::StorageType, DType::F64},
    {"torch.LongStorage", PickleGlobal::StorageType, DType::I64},
    {"torch.IntStorage", PickleGlobal::StorageType, DType::I32},
    {"torch.ShortStorage", PickleGlobal::StorageType, DType::I16},
    {"torch.CharStorage", PickleGlobal::StorageType, DType::I8},
    {"torch.ByteStorage", PickleGlobal::StorageType, DType::U8},
    {"torch.BoolStorage", PickleGlobal::StorageType, DType::Bool},
    {"demucs.htdemucs.HTDemucs", PickleGlobal::ModelClass, std::nullopt},
    // The released HTDemucs packages carry training metrics as numpy scalars.
    {"numpy.core.multiarray.scalar", PickleGlobal::NumpyValue, std::nullopt},
    {"numpy._core.multiarray.scalar", PickleGlobal::NumpyValue, std::nullopt},
    {"numpy.dtype", PickleGlobal::NumpyValue, std::nullopt},
    {"_codecs.encode", PickleGlobal::NumpyValue, std::nullopt},
}};

}  // namespace

const PickleGlobalInfo* find_pickle_global(std::string_view name) {
  for (const PickleGlobalInfo& info : kGlobals) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

}  // namespace ams
