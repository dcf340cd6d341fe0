#include "unit/tensor/lora_fixture.h"

#include <algorithm>
#include <cmath>

#include "base/str.h"
#include "tensor/graph.h"

namespace ams {
namespace {

void declare_layer(const WeightScope& layer) {
  const WeightScope attention = layer.sub("self_attn");
  attention.stacked_matrix(
      {{"q_proj.weight", kHidden}, {"k_proj.weight", kKeyWidth}, {"v_proj.weight", kKeyWidth}},
      kHidden);
  attention.matrix("o_proj.weight", kHidden, kHidden);
  const WeightScope mlp = layer.sub("mlp");
  mlp.stacked_matrix({{"gate_proj.weight", kInner}, {"up_proj.weight", kInner}}, kHidden);
  mlp.matrix("down_proj.weight", kHidden, kInner);
}

std::string stored_name(const std::string& module) { return str("decoder.", module, ".weight"); }

}  // namespace

Dense test_matrix(int64_t rows, int64_t columns, uint32_t seed) {
  return {rows, columns, test_values(static_cast<size_t>(rows * columns), seed)};
}

Dense product(const Dense& a, const Dense& b) {
  Dense result{a.rows, b.columns, std::vector<float>(static_cast<size_t>(a.rows * b.columns))};
  for (int64_t i = 0; i < a.rows; ++i) {
    for (int64_t j = 0; j < b.columns; ++j) {
      double value = 0;
      for (int64_t k = 0; k < a.columns; ++k) {
        value += static_cast<double>(a.at(i, k)) * static_cast<double>(b.at(k, j));
      }
      result.at(i, j) = static_cast<float>(value);
    }
  }
  return result;
}

Dense kron(const Dense& a, const Dense& b) {
  const int64_t rows = a.rows * b.rows;
  const int64_t columns = a.columns * b.columns;
  Dense result{rows, columns, std::vector<float>(static_cast<size_t>(rows * columns))};
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      result.at(i, j) = a.at(i / b.rows, j / b.columns) * b.at(i % b.rows, j % b.columns);
    }
  }
  return result;
}

Dense sum(const Dense& a, const Dense& b, double scale) {
  Dense result = a;
  for (size_t i = 0; i < a.values.size(); ++i) {
    result.values[i] = static_cast<float>(static_cast<double>(a.values[i]) +
                                          scale * static_cast<double>(b.values[i]));
  }
  return result;
}

Dense with_norms(const Dense& a, const std::vector<float>& norms, double epsilon) {
  Dense result = a;
  for (int64_t i = 0; i < a.rows; ++i) {
    double squares = 0;
    for (int64_t j = 0; j < a.columns; ++j) squares += std::pow(static_cast<double>(a.at(i, j)), 2);
    const double factor =
        static_cast<double>(norms[static_cast<size_t>(i)]) / (std::sqrt(squares) + epsilon);
    for (int64_t j = 0; j < a.columns; ++j) {
      result.at(i, j) = static_cast<float>(factor * static_cast<double>(a.at(i, j)));
    }
  }
  return result;
}

double max_difference(const Dense& a, const Dense& b) {
  if (a.rows != b.rows || a.columns != b.columns) return INFINITY;
  double worst = 0;
  for (size_t i = 0; i < a.values.size(); ++i) {
    const double difference =
        std::abs(static_cast<double>(a.values[i]) - static_cast<double>(b.values[i]));
    worst = std::isnan(difference) ? INFINITY : std::max(worst, difference);
  }
  return worst;
}

NamedValues named(const std::string& name, const Dense& matrix) {
  return {name, {matrix.rows, matrix.columns}, matrix.values};
}

NamedValues number(const std::string& name, float value) { return {name, {}, {value}}; }

std::vector<BaseMatrix> base_matrices() {
  std::vector<BaseMatrix> matrices;
  for (int64_t layer = 0; layer < 2; ++layer) {
    const std::string name = str("layers.", layer, ".");
    matrices.push_back({name + "self_attn.q_proj", kHidden, kHidden});
    matrices.push_back({name + "self_attn.k_proj", kKeyWidth, kHidden});
    matrices.push_back({name + "self_attn.v_proj", kKeyWidth, kHidden});
    matrices.push_back({name + "self_attn.o_proj", kHidden, kHidden});
    matrices.push_back({name + "mlp.gate_proj", kInner, kHidden});
    matrices.push_back({name + "mlp.up_proj", kInner, kHidden});
    matrices.push_back({name + "mlp.down_proj", kHidden, kInner});
  }
  matrices.push_back({"condition_embedder", kHidden, 32});
  return matrices;
}

LoraModel::LoraModel(Precision precision, const std::string& dtype)
    : device_(Device::open({"cpu", /*threads=*/1})) {
  const WeightScope decoder = store_.root().sub("decoder");
  for (int64_t layer = 0; layer < 2; ++layer) declare_layer(decoder.sub("layers", layer));
  decoder.plain_matrix("condition_embedder.weight", kHidden, 32);
  decoder.exact("norm_out.weight", {kHidden});
  std::vector<NamedValues> tensors{
      {"decoder.norm_out.weight", {kHidden}, test_values(kHidden, 5), dtype}};
  uint32_t seed = 1000;
  for (const BaseMatrix& matrix : base_matrices()) {
    tensors.push_back(
        named(stored_name(matrix.module), test_matrix(matrix.out, matrix.in, ++seed)));
    tensors.back().dtype = dtype;
  }
  file_ = open_weights(folder_.write("base.safetensors", safetensors_bytes(tensors)));
  store_.load(*file_, *device_, precision);
  stack_ = std::make_unique<LoraStack>(store_, *device_, file_, "decoder");
}

Dense LoraModel::stored(const std::string& module) const {
  const StoredTensor* tensor = file_->find(stored_name(module));
  return {tensor->shape[0], tensor->shape[1], to_float(*tensor)};
}

Dense LoraModel::effective(const std::string& module) {
  for (const MatrixPart& part : store_.matrix_parts()) {
    if (part.name != stored_name(module)) continue;
    Tensor x;
    Tensor y;
    Graph graph(*device_, [&](GraphBuilder& g) {
      x = g.input("x", {part.in, part.in});
      y = g.output("y", g.linear(x, part.weight));
    });
    std::vector<float> identity(static_cast<size_t>(part.in * part.in), 0.0f);
    for (int64_t i = 0; i < part.in; ++i) identity[static_cast<size_t>(i * part.in + i)] = 1.0f;
    graph.set(x, identity);
    graph.run();
    const FloatArray columns = graph.get(y);  // [in, all rows]: row i is column i of the matrix
    Dense matrix{part.out, part.in, std::vector<float>(static_cast<size_t>(part.out * part.in))};
    for (int64_t i = 0; i < part.out; ++i) {
      for (int64_t j = 0; j < part.in; ++j) {
        matrix.at(i, j) = columns.row(j)[static_cast<size_t>(part.first_row + i)];
      }
    }
    return matrix;
  }
  return {};
}

std::vector<Dense> LoraModel::all_effective() {
  std::vector<Dense> all;
  for (const BaseMatrix& matrix : base_matrices()) all.push_back(effective(matrix.module));
  return all;
}

std::shared_ptr<const LoraFile> open_adapter(const TemporaryFolder& folder,
                                             const std::vector<NamedValues>& tensors,
                                             const std::string& metadata,
                                             std::string_view name) {
  return open_lora(folder.write(name, safetensors_bytes(tensors, metadata)));
}

std::vector<NamedValues> peft_tensors(const std::vector<BaseMatrix>& modules,
                                      int64_t rank,
                                      uint32_t seed) {
  std::vector<NamedValues> tensors;
  for (const BaseMatrix& module : modules) {
    const std::string name = "base_model.model." + module.module;
    tensors.push_back(named(name + ".lora_A.weight", test_matrix(rank, module.in, ++seed)));
    tensors.push_back(named(name + ".lora_B.weight", test_matrix(module.out, rank, ++seed)));
  }
  return tensors;
}

}  // namespace ams
