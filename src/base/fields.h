// Field tables: one row per member of a request struct. JSON in both directions, command line
// flags, range checks and documentation are made from the rows, so no fact about a field is written
// twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace ams {

// An enum member, seen as an index into Field::choices, which lists the names of its enumerators.
class EnumMember {
 public:
  template <typename Enum>
  explicit EnumMember(Enum* member)
      : get_([member] { return static_cast<size_t>(*member); }),
        set_([member](size_t index) { *member = static_cast<Enum>(index); }) {}

  size_t get() const { return get_(); }
  void set(size_t index) const { set_(index); }

 private:
  std::function<size_t()> get_;
  std::function<void(size_t)> set_;
};

// Points into one struct, which must outlive the row.
using FieldMember = std::variant<bool*,
                                 int64_t*,
                                 double*,
                                 std::string*,
                                 std::optional<int64_t>*,
                                 std::optional<double>*,
                                 EnumMember>;

// Inclusive bounds of a number, or of a text's length in characters.
struct FieldRange {
  double min = std::numeric_limits<double>::lowest();
  double max = std::numeric_limits<double>::max();
};

struct Field {
  std::string name;        // on the wire: "inference_steps"
  std::string group = {};  // object around it on the wire: "advanced"; empty: none
  std::string flag = {};   // on the command line: "--inference-steps"; empty: API only
  FieldMember member;
  FieldRange range = {};
  std::vector<std::string> choices = {};  // what a text or enum may be; empty: any text
  std::string unit = {};                  // "s"
  std::string when_absent = {};     // what no value means: "the model's own"; empty: the default
  std::string help = {};            // one short sentence
  std::string label = {};           // above the control of a form: "Inference steps"
  std::optional<double> step = {};  // of a slider; a hint for forms, not checked
  std::string placeholder = {};     // example in an empty control
  std::string missing = {};  // what a form says when a needed text is empty; empty: it may be empty
  std::vector<std::string> choice_labels = {};  // of `choices` in a form; empty: as they are
                                                // called; one that is empty: the form leaves it out
};

using Fields = std::vector<Field>;

// "advanced.inference_steps": how messages call the field.
std::string field_path(const Field& field);

// "5 to 600 s", "one of: ode, sde", "at most 512 characters", "true or false".
std::string describe_range(const Field& field);

// The current value of the member as text; of a default-constructed struct, the default.
std::string describe_value(const Field& field);

// Sets members from an object as the wire has it. Absent and null members keep their value; names
// that no row has are reported in `warnings`. Throws InvalidRequest on a wrong type or choice.
void read_json(const Fields& fields, const Json& object, std::vector<std::string>& warnings);

// Sets a member from a word of the command line. Throws InvalidRequest on a wrong type or choice.
void read_text(const Field& field, std::string_view text);

// The object that read_json() reads; members without a value are null.
Json write_json(const Fields& fields);

// Throws InvalidRequest for the first member outside its range or choices: "request: 'duration_s'
// is 700, expected 5 to 600 s".
void check_ranges(const Fields& fields);

}  // namespace ams
