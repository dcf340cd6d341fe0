#include "hub/known_files.h"

#include <array>

namespace ams {
namespace {

constexpr std::string_view kUmbrella = "ACE-Step/Ace-Step1.5";
constexpr std::string_view kXlSft = "ACE-Step/acestep-v15-xl-sft";
constexpr std::string_view kWeights = "model.safetensors";

// Of the state of 2026-05.
constexpr std::array<KnownFile, 16> kFiles{{
    {kUmbrella,
     "acestep-v15-turbo/model.safetensors",
     "3f6e0797fad420a39bd33979eb6e840e30989e34a3794e843d23b60ec6e422d7"},
    {kUmbrella,
     "vae/diffusion_pytorch_model.safetensors",
     "da17edb604c40deaf09e9b24974e590d1ca83a374070e5d0884cfa4bed9a99b0"},
    {kUmbrella,
     "Qwen3-Embedding-0.6B/model.safetensors",
     "0437e45c94563b09e13cb7a64478fc406947a93cb34a7e05870fc8dcd48e23fd"},
    {kUmbrella,
     "Qwen3-Embedding-0.6B/tokenizer.json",
     "def76fb086971c7867b829c23a26261e38d9d74e02139253b38aeb9df8b4b50a"},
    {kUmbrella,
     "acestep-5Hz-lm-1.7B/model.safetensors",
     "f161689da73e5ecefa28ff780d51c2d92a00f056d021d7933c779ed5c6cd7db8"},
    {kXlSft,
     "model-00001-of-00004.safetensors",
     "1d304b8a34859cd92c349c71ae6c27d50564844c7f7611d2d32913f67508e5a4"},
    {kXlSft,
     "model-00002-of-00004.safetensors",
     "94e33648f514fdd00f473f2d2680af959204b58b15f7ab37246ac16d066aac87"},
    {kXlSft,
     "model-00003-of-00004.safetensors",
     "befe558365f53bc6c44f3f7e521cb2dd026927a817c36aa05ad94fcd80a533a9"},
    {kXlSft,
     "model-00004-of-00004.safetensors",
     "dfbc77aa26e54d0127892d6e7f3c0868bfc4623aa067867f6595c3b2fb7d31a4"},
    {kXlSft,
     "silence_latent.pt",
     "a778e9dd942f5e8b2c09c55370782d318834432b03dabbcdf70e6ed49ad6358b"},
    {"ACE-Step/acestep-v15-base",
     kWeights,
     "4177f600501a6d4bd81cadaa0abac557ffd15c54e5c8cb52053cdb24a0844d6b"},
    {"ACE-Step/acestep-v15-sft",
     kWeights,
     "d4dd3a93870f06720027965b90771f529ab02094b3d29e2518f1d5e097e1af7e"},
    {"ACE-Step/acestep-v15-turbo-shift1",
     kWeights,
     "6a2ae0d66c957eb659fdb438f05e5d2ee62604c311f05ce7464203136a767dc3"},
    {"ACE-Step/acestep-v15-turbo-shift3",
     kWeights,
     "ce57ceb4a82890c87d3d6071c70b2392db91f6c7dcf3f96b32ec7205f0d40457"},
    {"ACE-Step/acestep-v15-turbo-continuous",
     kWeights,
     "cffa3e3a44d29cfc686b35d45aab3e4f9dc72c959e5e741d92a1dfc14ac35cd0"},
    {"ACE-Step/acestep-5Hz-lm-0.6B",
     kWeights,
     "5d92a60806e2e88c04de58ddc6dde93f2bc8f1336162b3ad5853886c9bcc6b82"},
}};

}  // namespace

std::span<const KnownFile> known_files() { return kFiles; }

const KnownFile* find_known_file(std::string_view repository, std::string_view path) {
  for (const KnownFile& file : kFiles) {
    if (file.repository == repository && file.path == path) return &file;
  }
  return nullptr;
}

}  // namespace ams
