#include "tensor/pickle.h"

#include <bit>
#include <charconv>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/str.h"
#include "tensor/pickle_globals.h"
#include "tensor/pickle_opcodes.h"

namespace ams {
namespace {

using Kind = PickleValue::Kind;
using Opcode = PickleOpcode;

constexpr size_t kMaxPickleBytes = size_t{8} << 20;
constexpr size_t kMaxValues = size_t{1} << 20;
constexpr size_t kMaxStringBytes = size_t{1} << 20;
constexpr size_t kMaxNameBytes = 256;

// "39/5" or "39" -> numerator, denominator. None for anything else.
std::optional<std::pair<int64_t, int64_t>> parse_fraction(std::string_view text) {
  std::pair<int64_t, int64_t> fraction{0, 1};
  const char* end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, fraction.first);
  if (result.ec == std::errc() && result.ptr != end && *result.ptr == '/') {
    result = std::from_chars(result.ptr + 1, end, fraction.second);
  }
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return fraction;
}

// The stack machine. Confined to one call of read_pickle.
class Machine {
 public:
  Machine(std::span<const std::byte> bytes, const std::string& what) : bytes_(bytes), what_(what) {}

  Pickle run() {
    if (next() != static_cast<uint8_t>(Opcode::Proto)) throw_corrupt("does not start with PROTO");
    const uint8_t protocol = next();
    if (protocol != 2) {
      throw_unsupported(str("has the pickle protocol ", int{protocol}, ", only 2 is read"));
    }
    while (true) {
      const size_t position = position_;
      const auto opcode = static_cast<Opcode>(next());
      if (opcode == Opcode::Stop) break;
      if (!push_constant(opcode) && !push_container(opcode) && !use_stack(opcode)) {
        throw_unsupported(str("has the opcode ",
                              static_cast<int>(opcode),
                              " at byte ",
                              position,
                              ", which is not allowed"));
      }
    }
    pickle_.root = pop();
    if (!stack_.empty()) throw_corrupt("leaves values on its stack");
    return std::move(pickle_);
  }

 private:
  [[noreturn]] void throw_corrupt(const std::string& message) const {
    throw Error(ErrorCode::CorruptFile, str("pickle: ", what_, " ", message));
  }
  [[noreturn]] void throw_unsupported(const std::string& message) const {
    throw Error(ErrorCode::Unsupported, str("pickle: ", what_, " ", message));
  }

  std::span<const std::byte> take(size_t count) {
    if (count > bytes_.size() - position_) throw_corrupt("is cut off");
    position_ += count;
    return bytes_.subspan(position_ - count, count);
  }
  uint8_t next() { return std::to_integer<uint8_t>(take(1)[0]); }
  uint64_t take_little_endian(size_t count) {
    const auto digits = take(count);
    uint64_t value = 0;
    for (size_t i = count; i-- > 0;) value = (value << 8) | std::to_integer<uint64_t>(digits[i]);
    return value;
  }
  std::string take_line() {
    std::string line;
    for (char c = static_cast<char>(next()); c != '\n'; c = static_cast<char>(next())) {
      if (line.size() == kMaxNameBytes) throw_unsupported("has a name that is too long");
      line += c;
    }
    return line;
  }

  void push(PickleValue value) {
    if (pickle_.values.size() == kMaxValues) {
      throw_unsupported(str("has more than ", kMaxValues, " values"));
    }
    pickle_.values.push_back(std::move(value));
    stack_.push_back(static_cast<uint32_t>(pickle_.values.size() - 1));
  }
  void push_int(int64_t integer) { push({.kind = Kind::Int, .integer = integer}); }
  void push_tuple(std::vector<uint32_t> items) {
    push({.kind = Kind::Tuple, .items = std::move(items)});
  }
  uint32_t pop() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) {
      throw_corrupt("takes a value from an empty stack");
    }
    const uint32_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  std::vector<uint32_t> pop_many(size_t count) {
    std::vector<uint32_t> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    return items;
  }
  // The values above the last mark.
  std::vector<uint32_t> pop_to_mark() {
    if (marks_.empty()) throw_corrupt("closes a list that was not opened");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<uint32_t> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  PickleValue& top(Kind kind, const char* operation) {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) {
      throw_corrupt("takes a value from an empty stack");
    }
    PickleValue& value = pickle_.values[stack_.back()];
    if (value.kind != kind) throw_corrupt(str("uses ", operation, " on another type"));
    return value;
  }

  bool push_constant(Opcode opcode) {
    switch (opcode) {
      case Opcode::None:
        push({.kind = Kind::None});
        return true;
      case Opcode::NewTrue:
        push({.kind = Kind::Bool, .integer = 1});
        return true;
      case Opcode::NewFalse:
        push({.kind = Kind::Bool, .integer = 0});
        return true;
      case Opcode::BinInt1:
        push_int(next());
        return true;
      case Opcode::BinInt2:
        push_int(static_cast<int64_t>(take_little_endian(2)));
        return true;
      case Opcode::BinInt:
        push_int(static_cast<int32_t>(take_little_endian(4)));
        return true;
      case Opcode::Long1:
        push_long(next());
        return true;
      case Opcode::BinFloat:
        push_float();
        return true;
      case Opcode::BinUnicode:
        push_string(take_little_endian(4));
        return true;
      case Opcode::Global:
        push_global();
        return true;
      default:
        return false;
    }
  }

  bool push_container(Opcode opcode) {
    switch (opcode) {
      case Opcode::EmptyList:
        push({.kind = Kind::List});
        return true;
      case Opcode::EmptyDict:
        push({.kind = Kind::Dict});
        return true;
      case Opcode::EmptyTuple:
        push_tuple({});
        return true;
      case Opcode::Tuple1:
        push_tuple(pop_many(1));
        return true;
      case Opcode::Tuple2:
        push_tuple(pop_many(2));
        return true;
      case Opcode::Tuple3:
        push_tuple(pop_many(3));
        return true;
      case Opcode::Tuple:
        push_tuple(pop_to_mark());
        return true;
      default:
        return false;
    }
  }

  bool use_stack(Opcode opcode) {
    switch (opcode) {
      case Opcode::Mark:
        marks_.push_back(stack_.size());
        return true;
      case Opcode::BinPut:
        put(next());
        return true;
      case Opcode::LongBinPut:
        put(take_little_endian(4));
        return true;
      case Opcode::BinGet:
        get(next());
        return true;
      case Opcode::LongBinGet:
        get(take_little_endian(4));
        return true;
      case Opcode::Append:
        extend(pop_many(1), Kind::List, "APPEND");
        return true;
      case Opcode::Appends:
        extend(pop_to_mark(), Kind::List, "APPENDS");
        return true;
      case Opcode::SetItem:
        extend(pop_many(2), Kind::Dict, "SETITEM");
        return true;
      case Opcode::SetItems:
        extend(pop_to_mark(), Kind::Dict, "SETITEMS");
        return true;
      case Opcode::BinPersonId:
        push_storage(pop());
        return true;
      case Opcode::Reduce:
        reduce();
        return true;
      case Opcode::Build:
        build();
        return true;
      default:
        return false;
    }
  }

  // A little-endian two's complement integer of `count` bytes.
  void push_long(size_t count) {
    if (count > 8)
      throw_unsupported(str("has an integer of ", count, " bytes, at most 8 are read"));
    const uint64_t bits = take_little_endian(count);
    const size_t unused = 64 - 8 * count;
    push_int(count == 0 ? 0 : static_cast<int64_t>(bits << unused) >> unused);
  }
  void push_float() {
    uint64_t bits = 0;
    for (const std::byte digit : take(8)) bits = (bits << 8) | std::to_integer<uint64_t>(digit);
    push({.kind = Kind::Float, .real = std::bit_cast<double>(bits)});
  }
  void push_string(uint64_t length) {
    if (length > kMaxStringBytes) throw_unsupported(str("has a string of ", length, " bytes"));
    const auto digits = take(static_cast<size_t>(length));
    std::string text(reinterpret_cast<const char*>(digits.data()), digits.size());
    if (!is_utf8(text)) throw_corrupt("has a string that is not UTF-8");
    push({.kind = Kind::String, .text = std::move(text)});
  }
  void push_global() {
    const std::string module = take_line();
    const std::string name = str(module, ".", take_line());
    const PickleGlobalInfo* info = find_pickle_global(name);
    if (info == nullptr) {
      throw_unsupported(str("names '",
                            name,
                            "', which is not on the list of harmless names; the file may be unsafe "
                            "or of another model"));
    }
    push({.kind = Kind::Global, .text = name, .global = info->global, .dtype = info->dtype});
  }

  void put(uint64_t slot) {
    if (stack_.empty()) throw_corrupt("stores a value from an empty stack");
    memo_[slot] = stack_.back();
  }
  void get(uint64_t slot) {
    const auto entry = memo_.find(slot);
    if (entry == memo_.end()) throw_corrupt(str("reads the unset memo slot ", slot));
    stack_.push_back(entry->second);
  }
  void extend(const std::vector<uint32_t>& added, Kind kind, const char* operation) {
    if (kind == Kind::Dict && added.size() % 2 != 0) throw_corrupt("has a key without a value");
    std::vector<uint32_t>& items = top(kind, operation).items;
    items.insert(items.end(), added.begin(), added.end());
  }

  // ("storage", type, key, location, number of elements)
  void push_storage(uint32_t id) {
    const PickleValue& tuple = pickle_.at(id);
    const auto has = [&](size_t i, Kind kind) { return pickle_.at(tuple.items[i]).kind == kind; };
    if (tuple.kind != Kind::Tuple || tuple.items.size() != 5 || !has(0, Kind::String) ||
        pickle_.at(tuple.items[0]).text != "storage" || !has(1, Kind::Global) ||
        !pickle_.at(tuple.items[1]).dtype || !has(2, Kind::String) || !has(4, Kind::Int)) {
      throw_corrupt("has a persistent id that is no storage");
    }
    push({.kind = Kind::StorageRef,
          .integer = pickle_.at(tuple.items[4]).integer,
          .text = pickle_.at(tuple.items[2]).text,
          .dtype = pickle_.at(tuple.items[1]).dtype});
  }

  // Calls, as far as they are known: each builds a value here.
  void reduce() {
    const std::vector<uint32_t> call = pop_many(2);
    const PickleValue& function = pickle_.at(call[0]);
    const PickleValue& arguments = pickle_.at(call[1]);
    if (function.kind != Kind::Global || arguments.kind != Kind::Tuple) {
      throw_corrupt("calls something that is no function");
    }
    switch (function.global) {
      case PickleGlobal::OrderedDict:
        if (!arguments.items.empty()) throw_unsupported("has an OrderedDict with arguments");
        push({.kind = Kind::Dict, .global = PickleGlobal::OrderedDict});
        return;
      case PickleGlobal::RebuildTensor:
        push_tensor(arguments.items);
        return;
      case PickleGlobal::Fraction:
        push_fraction(arguments.items);
        return;
      case PickleGlobal::NumpyValue:
        push({.kind = Kind::Opaque});
        return;
      default:
        throw_unsupported(str("calls '", function.text, "', which is never built"));
    }
  }

  // (storage, offset, shape, stride, requires_grad, hooks[, metadata])
  void push_tensor(std::vector<uint32_t> items) {
    const auto has = [&](size_t i, Kind kind) { return pickle_.at(items[i]).kind == kind; };
    if ((items.size() != 6 && items.size() != 7) || !has(0, Kind::StorageRef) ||
        !has(1, Kind::Int) || !has(2, Kind::Tuple) || !has(3, Kind::Tuple)) {
      throw_corrupt("has a tensor with wrong arguments");
    }
    items.resize(4);
    push({.kind = Kind::TensorRef, .items = std::move(items)});
  }
  void push_fraction(const std::vector<uint32_t>& items) {
    PickleValue value{.kind = Kind::Fraction};
    const auto is = [&](size_t i, Kind kind) { return pickle_.at(items[i]).kind == kind; };
    if (items.size() == 1 && is(0, Kind::String)) {
      const auto fraction = parse_fraction(pickle_.at(items[0]).text);
      if (!fraction) throw_corrupt("has a fraction that is no number");
      std::tie(value.integer, value.denominator) = *fraction;
    } else if (items.size() == 2 && is(0, Kind::Int) && is(1, Kind::Int)) {
      value.integer = pickle_.at(items[0]).integer;
      value.denominator = pickle_.at(items[1]).integer;
    } else {
      throw_corrupt("has a fraction with wrong arguments");
    }
    if (value.denominator <= 0) throw_corrupt("has a fraction with a denominator below 1");
    push(std::move(value));
  }

  // Attributes of an object: of a numpy type or of a state dict (its `_metadata`). Dropped.
  void build() {
    pop();
    if (stack_.empty()) throw_corrupt("sets attributes on an empty stack");
    const PickleValue& object = pickle_.at(stack_.back());
    const bool ordered = object.kind == Kind::Dict && object.global == PickleGlobal::OrderedDict;
    if (object.kind != Kind::Opaque && !ordered) {
      throw_unsupported("sets attributes of an object, which is not allowed");
    }
  }

  std::span<const std::byte> bytes_;
  const std::string& what_;
  size_t position_ = 0;
  Pickle pickle_;
  std::vector<uint32_t> stack_;
  std::vector<size_t> marks_;  // stack sizes
  std::unordered_map<uint64_t, uint32_t> memo_;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, const std::string& what) {
  if (bytes.size() > kMaxPickleBytes) {
    throw Error(ErrorCode::Unsupported,
                str("pickle: ",
                    what,
                    " has ",
                    bytes.size(),
                    " bytes, at most ",
                    kMaxPickleBytes,
                    " are read"));
  }
  return Machine(bytes, what).run();
}

}  // namespace ams
