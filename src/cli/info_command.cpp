#include <algorithm>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/foreground_job.h"
#include "cli/request_document.h"
#include "studio/post/audio_facts.h"

namespace ams {
namespace {

struct InfoArguments {
  std::filesystem::path file;
  bool request_only = false;
};

constexpr size_t kLabelWidth = 11;

// Tags are hostile: no escape of theirs may reach the terminal.
std::string printable(std::string_view text) {
  std::string safe(text);
  std::replace_if(
      safe.begin(),
      safe.end(),
      [](char c) { return c != '\n' && (static_cast<unsigned char>(c) < ' ' || c == 0x7f); },
      ' ');
  return safe;
}

// Further lines of the text begin below its first one.
void print_row(std::string_view label, std::string_view text) {
  if (text.empty()) return;
  std::string name = printable(label);
  name.resize(std::max(name.size() + 1, kLabelWidth), ' ');
  std::cout << "  " << name;
  for (const char c : printable(text)) {
    std::cout << c;
    if (c == '\n') std::cout << "  " << std::string(kLabelWidth, ' ');
  }
  std::cout << '\n';
}

std::string rounded(double value) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << value;
  return text.str();
}

std::string in_unit(const std::optional<double>& value, std::string_view unit) {
  return value ? str(rounded(*value), ' ', unit) : std::string("not measurable");
}

void print_tags(const AudioTags& tags) {
  print_row("title", tags.title);
  print_row("artist", tags.artist);
  print_row("software", tags.software);
  print_row("comment", tags.comment);
  print_row("language", tags.language);
  print_row("key", tags.key_scale);
  if (tags.bpm) print_row("bpm", std::to_string(*tags.bpm));
  if (tags.year) print_row("year", std::to_string(*tags.year));
  print_row("lyrics", tags.lyrics);
  for (const auto& [name, value] : tags.user) print_row(name, value);
}

std::string pretty(const std::string& request_json) {
  try {
    return Json::parse(request_json, "request").dump(2);
  } catch (const Error&) {
    return request_json;  // shown as it is: it says why it is no request
  }
}

void print_audio(const std::filesystem::path& file) {
  AudioFacts facts;
  run_in_foreground(/*quiet=*/true, [&](const JobContext& job) { facts = audio_facts(file, job); });
  const AudioSource& source = facts.source;
  std::cout << file.string() << ": " << source.container << " (" << source.codec << "), "
            << source.sample_rate << " Hz, " << source.channels << " channels, "
            << rounded(source.seconds) << " s\n";
  if (source.bits > 0) print_row("bits", std::to_string(source.bits));
  if (source.bit_rate > 0) print_row("bit rate", str(source.bit_rate / 1000, " kbit/s"));
  print_row("size", str(facts.bytes, " bytes"));
  print_row("sha256", facts.sha256);
  print_row("loudness", in_unit(facts.loudness.integrated_lufs, "LUFS"));
  if (facts.loudness.range_lu) print_row("range", in_unit(facts.loudness.range_lu, "LU"));
  print_row("true peak", in_unit(facts.loudness.true_peak_dbtp, "dBTP"));
  print_row("peak", in_unit(facts.loudness.sample_peak_dbfs, "dBFS"));
  print_tags(source.tags);
  if (!source.tags.request_json.empty()) print_row("request", pretty(source.tags.request_json));
}

// What JSON can show of itself: every member but the long ones on a line.
void print_document(const std::filesystem::path& file, const Json& document) {
  const std::string schema =
      document.is_object() && document.contains("schema") && document.at("schema").is_string()
          ? document.at("schema").as_string()
          : "a request";
  std::cout << file.string() << ": JSON, " << schema << '\n';
  if (!document.is_object()) return;
  document.for_each_member([](const std::string& name, const Json& value) {
    print_row(name, value.is_string() ? value.as_string() : value.dump(name == "request" ? 2 : -1));
  });
}

void run(const InfoArguments& arguments) {
  if (arguments.request_only) {
    std::cout << request_document(arguments.file).dump(2) << '\n';
  } else if (is_json_name(arguments.file)) {
    print_document(arguments.file, request_document(arguments.file));
  } else {
    print_audio(arguments.file);
  }
}

}  // namespace

void add_info_command(CLI::App& program, const Environment&, Action& action) {
  CLI::App* command = program.add_subcommand(
      "info", "Show what an audio or metadata file holds: format, level, tags, its request");
  const auto arguments = std::make_shared<InfoArguments>();
  command->add_option("file", arguments->file, "Audio file, or what --json wrote")
      ->type_name("FILE")
      ->required();
  command->add_flag("--request",
                    arguments->request_only,
                    "Print only the request that made the song, as ams request reads it");
  command->callback([arguments, &action] { action = [arguments] { run(*arguments); }; });
}

}  // namespace ams
