// A result as it is kept, and the document beside its audio from which it comes back.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/json.h"
#include "studio/jobs/result_view.h"
#include "studio/jobs/studio_parts.h"

namespace ams {

// A value type.
struct ResultRecord {
  std::string session;  // that owns it
  ResultView view;      // without expires_at and inputs_available, which depend on the moment
  std::map<std::string, std::string> names;  // file id -> name in the folder for output
  std::map<std::string, FileRole> sources;   // file id -> what it was made of; absent: nothing
  int64_t last_event = 0;                    // of the job when it was saved
};

// The name of a result's file: "ID.wav", "ID.lufs-14.wav", "ID.vocals.wav", "ID.mp3", of the
// normalised song "ID.lufs-14.mp3".
std::string result_file_name(const std::string& id, FileRole role, FileRole source);
// "ID.input.mp3".
std::string input_file_name(const std::string& id, std::string_view container);

// {"schema": "ams.result/1", "metadata": the public document, "studio": the rest, private}.
Json write_result_document(const ResultRecord& record, const StudioDocuments& documents);

// Throws CorruptFile for what write_result_document() does not write: other ids and names than this
// program gives, missing members. A request that cannot be read is left out.
ResultRecord read_result_document(const Json& document, const StudioDocuments& documents);

}  // namespace ams
