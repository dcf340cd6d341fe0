#include "tensor/lora_stack.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/str.h"
#include "tensor/lora_delta.h"

namespace ams {
namespace {

constexpr std::string_view kWeight = ".weight";
constexpr std::string_view kWidthModule = "self_attn.q_proj";  // its columns are the hidden size

// The published sizes of ACE-Step 1.5.
std::string with_size_name(int64_t hidden_size) {
  if (hidden_size == 2048) return str(hidden_size, " (2B)");
  if (hidden_size == 2560) return str(hidden_size, " (XL)");
  return str(hidden_size);
}

void check_strength(const LoraUse& use) {
  if (use.strength >= 0.0 && use.strength <= kMaxLoraStrength) return;
  throw Error(ErrorCode::InvalidRequest,
              str("lora: strength ",
                  use.strength,
                  " of ",
                  use.file->name,
                  ", expected 0 to ",
                  kMaxLoraStrength));
}

bool runs_beside(const LoraModule& module) {
  return module.kind == LoraKind::LowRank && !module.magnitude;
}

}  // namespace

LoraStack::LoraStack(WeightStore& store,
                     const Device& device,
                     std::shared_ptr<const WeightFile> base,
                     const std::string& scope)
    : store_(&store), device_(&device), base_(std::move(base)) {
  const std::string prefix = scope + ".";
  for (MatrixPart& part : store.matrix_parts()) {
    if (part.name.starts_with(prefix) && part.name.ends_with(kWeight)) {
      parts_.push_back(std::move(part));
    }
  }
  for (const MatrixPart& part : parts_) {
    std::string module =
        part.name.substr(prefix.size(), part.name.size() - prefix.size() - kWeight.size());
    by_module_[module] = &part;
    std::replace(module.begin(), module.end(), '.', '_');
    by_flat_module_[module] = &part;
  }
}

LoraStack::~LoraStack() { reset(); }

const MatrixPart* LoraStack::find(const LoraModule& module) const {
  const auto& names = module.is_flattened ? by_flat_module_ : by_module_;
  const auto found = names.find(module.name);
  return found == names.end() ? nullptr : found->second;
}

void LoraStack::throw_misfit(const LoraFile& file, const Match& match) const {
  std::string sizes;
  for (const LoraModule& module : file.modules) {
    const MatrixPart* part = find(module);
    if (!part || !part->name.ends_with(str(kWidthModule, kWeight)) || part->in == module.in) {
      continue;
    }
    sizes = str("; made for hidden size ",
                with_size_name(module.in),
                "; this model has ",
                with_size_name(part->in));
    break;
  }
  throw Error(ErrorCode::Unsupported,
              str("lora: ",
                  file.name,
                  " changes '",
                  match.module->name,
                  "' of shape ",
                  shape_str(std::vector<int64_t>{match.module->out, match.module->in}),
                  ", but this model has ",
                  shape_str(std::vector<int64_t>{match.part->out, match.part->in}),
                  sizes.empty() ? "; it was made for another model" : sizes));
}

void LoraStack::throw_no_match(const LoraFile& file) const {
  throw Error(ErrorCode::Unsupported,
              str("lora: none of the ",
                  file.modules.size(),
                  " modules of ",
                  file.name,
                  " (the first is '",
                  file.modules.front().name,
                  "') is among the ",
                  parts_.size(),
                  " matrices of this model",
                  parts_.empty() ? "" : str(" (the first is '", by_module_.begin()->first, "')"),
                  "; it was made for another model"));
}

LoraStack::Plan LoraStack::match(const LoraUse& use) const {
  check_strength(use);
  Plan plan;
  plan.outcome.name = use.file->name;
  plan.outcome.strength = use.strength;
  plan.outcome.unmatched = use.file->ignored;
  for (const LoraModule& module : use.file->modules) {
    const MatrixPart* part = find(module);
    if (!part) {
      plan.outcome.unmatched.push_back(module.name);
      continue;
    }
    if (part->out != module.out || part->in != module.in) throw_misfit(*use.file, {&module, part});
    (runs_beside(module) ? plan.beside : plan.merged).push_back({&module, part});
    ++plan.outcome.modules_matched;
  }
  if (plan.outcome.modules_matched == 0) throw_no_match(*use.file);
  plan.outcome.modules_applied = use.strength > 0.0 ? plan.outcome.modules_matched : 0;
  return plan;
}

std::vector<LoraOutcome> LoraStack::apply(std::span<const LoraUse> uses) {
  std::vector<Plan> plans;
  for (const LoraUse& use : uses) plans.push_back(match(use));
  detach();
  std::erase_if(uploaded_, [&](const auto& entry) {
    return std::none_of(
        uses.begin(), uses.end(), [&](const LoraUse& use) { return use.file == entry.first; });
  });
  Merges wanted;
  for (size_t i = 0; i < uses.size(); ++i) {
    if (uses[i].strength == 0.0) continue;
    for (const Match& found : plans[i].merged) {
      wanted[found.part].push_back({uses[i].file, found.module, uses[i].strength});
    }
  }
  std::vector<LoraOutcome> outcomes;
  try {
    merge(wanted);
    for (size_t i = 0; i < uses.size(); ++i) {
      if (uses[i].strength > 0.0) attach(uses[i], plans[i]);
      outcomes.push_back(std::move(plans[i].outcome));
    }
  } catch (...) {
    reset();
    throw;
  }
  return outcomes;
}

void LoraStack::attach(const LoraUse& use, const Plan& plan) {
  std::shared_ptr<const LoraTensors>& tensors = uploaded_[use.file];
  if (!tensors) {
    std::vector<const LoraModule*> modules;
    for (const Match& found : plan.beside) modules.push_back(found.module);
    tensors = std::make_shared<const LoraTensors>(modules, *device_, store_->precision());
  }
  for (size_t i = 0; i < plan.beside.size(); ++i) {
    const Match& found = plan.beside[i];
    LowRank adapter;
    adapter.down = tensors->down(i);
    adapter.up = tensors->up(i);
    adapter.begin = found.part->first_row;
    adapter.scale = static_cast<float>(use.strength * found.module->scale);
    adapter.owner = tensors;
    found.part->weight->adapters.push_back(std::move(adapter));
  }
}

void LoraStack::detach() {
  for (const MatrixPart& part : parts_) part.weight->adapters.clear();
}

void LoraStack::merge(const Merges& wanted) {
  for (auto entry = merged_.begin(); entry != merged_.end();) {
    const bool stays = wanted.contains(entry->first);
    if (!stays) store_->restore(*entry->first, *base_);
    entry = stays ? std::next(entry) : merged_.erase(entry);
  }
  for (const auto& [part, shares] : wanted) {
    std::vector<Share>& current = merged_[part];
    if (current == shares) continue;
    merge_part(*part, shares);
    current = shares;
  }
}

void LoraStack::merge_part(const MatrixPart& part, std::span<const Share> shares) {
  const StoredTensor* stored = base_->find(part.name);
  if (!stored || stored->shape != std::vector<int64_t>{part.out, part.in}) {
    throw Error(ErrorCode::Internal,
                str("lora: ", base_->description(), " has no '", part.name, "' to start from"));
  }
  const std::vector<float> pristine = dequantised_values(*stored);
  std::vector<float> values = pristine;
  for (const Share& share : shares) {
    add_change({share.module, share.strength, stored->dtype, device_->threads()}, pristine, values);
  }
  store_->overwrite(part, values);
}

void LoraStack::reset() {
  detach();
  for (const auto& [part, shares] : merged_) store_->restore(*part, *base_);
  merged_.clear();
  uploaded_.clear();
}

size_t LoraStack::bytes() const {
  size_t bytes = 0;
  for (const auto& [file, tensors] : uploaded_) bytes += tensors->bytes();
  return bytes;
}

}  // namespace ams
